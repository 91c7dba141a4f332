import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type FaultPointName, faultPoints } from '../../src/base/fault-points.ts';
import type { LocalServer } from '../../src/demo/local-server.ts';
import { copyTemplate } from '../../src/demo/template.ts';
import type { NodeState } from '../../src/nodes/node-state.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { type BalancerProcess, prepareBalancerProcess } from '../support/balancer-process.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extended, extendedIf } from '../support/extended.ts';
import { until, workers } from '../support/load.ts';

// The rows of the table of failures, each a test of that name. "every node" has a file of its
// own (no-node.test.ts), "log disk full or failing" as well (log-disk.test.ts).

describe.each(engines())('what dies, when: nodes, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  let disarm = (): void => undefined;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, { autoResync: false });
    await untilAllUp(lockstep);
    client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE n (id INT PRIMARY KEY, n INT)');
    await client.query('INSERT INTO n VALUES (1, 0), (2, 0), (3, 0)');
    await client.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(40))');
  });

  afterEach(async () => {
    disarm();
    for (const server of servers.servers) if (!server.running) await server.start();
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });

  afterAll(async () => {
    client?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const stateOf = (name: string): NodeState => lockstep.balancer.control.node(name).state;
  const untilState = (name: string, state: NodeState): Promise<void> =>
    until(() => stateOf(name) === state);
  const leader = (): string => lockstep.balancer.control.status().leader ?? '';
  const serverOf = (name: string): LocalServer => {
    const server = servers.servers.find((one) => one.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  };
  const followerOf = (): LocalServer => {
    const server = servers.servers.find(({ name }) => name !== leader());
    if (!server) throw new Error('no follower');
    return server;
  };
  const rows = async (sql: string): Promise<RowDataPacket[]> =>
    (await client.query<RowDataPacket[]>(sql))[0];

  /**
   * kill -9 of the server concerned, exactly at that place, once. `noticed`: what is at that place
   * goes on when Lockstep has heard of it.
   */
  const killAt = (
    point: FaultPointName,
    of = (name: string): boolean => name === leader(),
    { noticed = false } = {},
  ) => {
    const killed: string[] = [];
    disarm = faultPoints.arm(async (reached, node) => {
      if (reached !== point || node === undefined || killed.length > 0 || !of(node)) return;
      killed.push(node);
      await serverOf(node).kill();
      if (noticed) await until(() => leader() !== node);
    });
    return killed;
  };

  for (const point of ['follower.sent', 'follower.answered'] as const) {
    test(
      `follower, any time (${point}): nothing, it recovers by itself`,
      extendedIf(point === 'follower.answered'),
      async () => {
        const before = (await rows('SELECT COUNT(*) AS c FROM t'))[0]?.['c'] as number;
        const clients = await Promise.all(
          Array.from({ length: 4 }, () => connectTo(lockstep, { database: 'app' })),
        );
        const load = workers(4, async (who) => {
          await clients[who]?.query(`INSERT INTO t (note) VALUES ('of ${who}')`);
          await clients[who]?.query('SELECT COUNT(*) FROM t');
          await clients[who]?.query('BEGIN');
          await clients[who]?.query(`INSERT INTO t (note) VALUES ('too')`);
          await clients[who]?.query('COMMIT');
        });
        const killed = killAt(point, (name) => name !== leader());
        await until(() => killed.length === 1);
        const name = killed[0] ?? '';
        await untilState(name, 'DOWN');
        const doneAt = load.done;
        await until(() => load.done > doneAt + 20);
        expect(lockstep.balancer.control.node(name).pending).toBeGreaterThan(0);
        await serverOf(name).start();
        await untilState(name, 'UP');
        await load.stop();
        for (const one of clients) one.destroy();
        expect(await rows('SELECT COUNT(*) AS c FROM t')).toEqual([{ c: before + 2 * load.done }]);
      },
    );
  }

  for (const point of ['write.executed', 'commit.begun'] as const) {
    test(
      `leader, before the entry is in the log, autocommit (${point}): nothing`,
      extendedIf(point === 'commit.begun'),
      async () => {
        const [[before]] = await client.query<RowDataPacket[]>('SELECT n FROM n WHERE id = 1');
        const killed = killAt(point);
        const [result] = await client.query('UPDATE n SET n = n + 1 WHERE id = 1');
        expect(result).toMatchObject({ affectedRows: 1 });
        expect(killed).toHaveLength(1);
        expect(leader()).not.toBe(killed[0]);
        expect(await rows('SELECT n FROM n WHERE id = 1')).toEqual([{ n: before?.['n'] + 1 }]);
      },
    );
  }

  for (const point of ['transaction.executed', 'commit.begun'] as const) {
    test(
      `leader, before commit of an open transaction (${point}): error 1213`,
      extendedIf(point === 'commit.begun'),
      async () => {
        const before = await rows('SELECT * FROM n ORDER BY id');
        // Not noticed yet, it would be appended, and then it is committed.
        const killed = killAt(point, undefined, { noticed: true });
        await client.query('BEGIN');
        const attempt = (async () => {
          await client.query('UPDATE n SET n = -1 WHERE id = 1');
          await client.query('UPDATE n SET n = -1 WHERE id = 2');
          await client.query('COMMIT');
        })();
        await expect(attempt).rejects.toMatchObject({ errno: 1213, sqlState: '40001' });
        expect(killed).toHaveLength(1);
        expect(await rows('SELECT * FROM n ORDER BY id')).toEqual(before);
        // The client does as it was told.
        await client.query('BEGIN');
        await client.query('UPDATE n SET n = n + 7 WHERE id = 2');
        await client.query('COMMIT');
      },
    );
  }

  for (const point of ['commit.durable', 'commit.answered'] as const) {
    test(
      `leader, after the append (${point}): OK, on all nodes`,
      extendedIf(point === 'commit.answered'),
      async () => {
        const [[before]] = await client.query<RowDataPacket[]>('SELECT n FROM n WHERE id = 1');
        const killed = killAt(point);
        const [result] = await client.query('UPDATE n SET n = n + 1 WHERE id = 1');
        expect(result).toMatchObject({ affectedRows: 1 });
        expect(killed).toHaveLength(1);
        expect(await rows('SELECT n FROM n WHERE id = 1')).toEqual([{ n: before?.['n'] + 1 }]);
      },
    );
  }

  describe('node returns with an older backup or foreign data', () => {
    /** What it does is done while the server is stopped and known to be down. */
    const whileDown = async (work: (target: LocalServer) => Promise<void>): Promise<string> => {
      const target = followerOf();
      await target.stop();
      await untilState(target.name, 'DOWN');
      await work(target);
      await target.start();
      return target.name;
    };
    const expectNoticed = async (name: string, reason: RegExp, since: number): Promise<void> => {
      await untilState(name, 'QUARANTINED');
      const changes = lockstep.balancer.control.events
        .since(since)
        .flatMap((event) =>
          event.kind === 'node_state_changed' && event.node === name ? [event] : [],
        );
      expect(changes.map(({ to }) => to)).not.toContain('UP');
      expect(changes.at(-1)?.reason).toMatch(reason);
      await rows('SELECT * FROM n');
      await client.query('UPDATE n SET n = n + 1 WHERE id = 2');
      await lockstep.balancer.control.resync(name);
      await untilState(name, 'UP');
    };
    const lastEvent = (): number => lockstep.balancer.control.events.lastId;

    test('an older backup: it catches up, each entry once', extended, async () => {
      const copy = join(servers.folder, 'older-copy');
      const name = await whileDown(({ dataFolder }) => cp(dataFolder, copy, { recursive: true }));
      await untilState(name, 'UP');
      await client.query('UPDATE n SET n = n * 2 + 1 WHERE id = 1');
      const target = serverOf(name);
      await untilAllUp(lockstep);
      await target.stop();
      await untilState(name, 'DOWN');
      await rm(target.dataFolder, { recursive: true });
      await cp(copy, target.dataFolder, { recursive: true });
      await target.start();
      await untilState(name, 'UP');
    });

    test('an empty server: quarantined, filled when told to', async () => {
      const since = lastEvent();
      const name = await whileDown(async ({ dataFolder }) => {
        await rm(dataFolder, { recursive: true });
        await copyTemplate(engine, dataFolder);
      });
      await expectNoticed(name, /it is new to the cluster/, since);
    });

    /** Written to the server itself while the operator has it out of the cluster. */
    const behindItsBack = async (sql: string): Promise<{ name: string; since: number }> => {
      const target = followerOf();
      await lockstep.balancer.control.disable(target.name);
      const direct = await connectTo(target, { user: 'root' });
      await direct.query(sql);
      direct.destroy();
      await client.query('UPDATE n SET n = n + 1 WHERE id = 3');
      const since = lastEvent();
      await lockstep.balancer.control.enable(target.name);
      return { name: target.name, since };
    };

    test('data of another cluster: quarantined', async () => {
      const { name, since } = await behindItsBack("UPDATE lockstep.node SET cluster_id = 'other'");
      await expectNoticed(name, /it belongs to cluster other/, since);
    });

    test('a node ahead of the log: quarantined', async () => {
      const { name, since } = await behindItsBack(
        'UPDATE lockstep.node SET position = position + 100',
      );
      await expectNoticed(name, /it has entry \d+, but the log ends at/, since);
    });

    test('rows written behind its back: the entry that meets them differs', async () => {
      const { name, since } = await behindItsBack('DELETE FROM app.n WHERE id = 3');
      await expectNoticed(name, /diverged at entry \d+/, since);
    });
  });
});

describe.each(engines())('what dies, when: the balancer, $name', (engine) => {
  let servers: TestServers;
  let balancer: BalancerProcess;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    balancer = await prepareBalancerProcess(servers);
    await balancer.start();
    await run('CREATE TABLE t (note VARCHAR(40) PRIMARY KEY)');
  });

  afterAll(async () => {
    await balancer?.close();
    await servers?.close();
  });

  const run = async (...statements: string[]): Promise<unknown> => {
    const client = await connectTo(balancer, { database: 'app' });
    client.on('error', () => {});
    try {
      let answer: unknown;
      for (const sql of statements) [answer] = await client.query(sql);
      return answer;
    } finally {
      client.destroy();
    }
  };
  /** Its client loses the connection; restarted, it takes writes and the nodes are equal. */
  const dieAt = async (point: FaultPointName, statements: string[]): Promise<void> => {
    await balancer.kill();
    await balancer.start(point);
    await expect(run(...statements)).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
    await balancer.ended();
    await balancer.start();
    await run(`INSERT INTO t VALUES ('after ${point}')`);
    await until(() =>
      expectEqualNodes(servers.servers).then(
        () => true,
        () => false,
      ),
    );
  };
  const count = (note: string): Promise<unknown> =>
    run(`SELECT COUNT(*) AS c FROM t WHERE note = '${note}'`);

  test('balancer, before the append, autocommit: connection lost, nowhere', extended, async () => {
    await dieAt('write.executed', ["INSERT INTO t VALUES ('executed')"]);
    expect(await count('executed')).toEqual([{ c: 0 }]);
  });

  test(
    'balancer, before the append, in a transaction: connection lost, nowhere',
    extended,
    async () => {
      await dieAt('commit.begun', ['BEGIN', "INSERT INTO t VALUES ('open')", 'COMMIT']);
      expect(await count('open')).toEqual([{ c: 0 }]);
    },
  );

  test('balancer, after the append: connection lost, on all nodes', async () => {
    await dieAt('commit.durable', ["INSERT INTO t VALUES ('durable')"]);
    expect(await count('durable')).toEqual([{ c: 1 }]);
  });
});
