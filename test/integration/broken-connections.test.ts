import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LocalServer } from '../../src/demo/local-server.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { until, workers } from '../support/load.ts';

const clientCount = 8;

describe.each(engines())('connections that break while their servers live, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let clients: Connection[];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers);
    await vi.waitUntil(() => nodesAre('UP'), 20_000);
    clients = await Promise.all(
      Array.from({ length: clientCount }, () => connectTo(lockstep, { database: 'app' })),
    );
    await clients[0]?.query('CREATE TABLE t (token VARCHAR(40))');
    await clients[0]?.query('CREATE TABLE n (id INT PRIMARY KEY, n INT)');
    await clients[0]?.query('INSERT INTO n VALUES (1, 0)');
  });

  afterAll(async () => {
    for (const client of clients ?? []) client.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const nodesAre = (state: string): boolean =>
    lockstep.balancer.control.nodes().every((node) => node.state === state);
  const server = (index: number): LocalServer => {
    const found = servers.servers[index];
    if (!found) throw new Error(`no server ${index}`);
    return found;
  };
  const leaderIndex = (): number =>
    Number(lockstep.balancer.control.status().leader?.slice(-1)) - 1;

  /** Ends every connection that Lockstep has to a server, as an operator or a firewall might. */
  const cutAll = async (target: LocalServer): Promise<void> => {
    const direct = await connectTo(target, { user: 'root' });
    try {
      const [rows] = await direct.query<RowDataPacket[]>(
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER IN ('app', 'root') " +
          'AND ID <> CONNECTION_ID()',
      );
      for (const { id } of rows) await direct.query(`KILL ${id}`).catch(() => {});
    } finally {
      direct.destroy();
    }
  };

  test('under writes, on every node in turn: none fails, none is lost or there twice', async () => {
    const tokens: string[] = [];
    let number = 0;
    const load = workers(clientCount, async (who) => {
      const token = `${who}-${number++}`;
      await clients[who]?.query('INSERT INTO t VALUES (?)', [token]);
      tokens.push(token);
      await clients[who]?.query('UPDATE n SET n = n + 1 WHERE id = 1');
    });
    for (let round = 0; round < 6; round++) {
      const doneBefore = load.done;
      await until(() => load.done > doneBefore + 40);
      await cutAll(server(round % 2 === 0 ? leaderIndex() : (leaderIndex() + 1) % 3));
      await until(() => lockstep.balancer.control.status().leader !== undefined);
    }
    await load.stop();
    await until(() => nodesAre('UP'));
    const [rows] = (await clients[0]?.query<RowDataPacket[]>('SELECT token FROM t')) ?? [];
    const found = (rows ?? []).map((row) => String(row['token']));
    expect(found.toSorted()).toEqual(tokens.toSorted());
    const [sum] = (await clients[0]?.query<RowDataPacket[]>('SELECT n FROM n')) ?? [];
    expect(sum).toEqual([{ n: load.done }]);
    await expectEqualNodes(servers.servers);
  });

  test('in a transaction: it is lost as a whole, and the client is told so', async () => {
    const client = await connectTo(lockstep, { database: 'app' });
    try {
      await client.query('BEGIN');
      await client.query("INSERT INTO t VALUES ('half')");
      await cutAll(server(leaderIndex()));
      await expect(client.query("INSERT INTO t VALUES ('other half')")).rejects.toMatchObject({
        errno: 1213,
        sqlState: '40001',
      });
      await client.query("INSERT INTO t VALUES ('whole')");
      const [rows] = await client.query("SELECT token FROM t WHERE token LIKE '%h%'");
      expect(rows).toEqual([{ token: 'whole' }]);
    } finally {
      client.destroy();
    }
    await until(() => nodesAre('UP'));
    await expectEqualNodes(servers.servers);
  });

  test('a server that takes no more connections is busy, not down', async () => {
    const target = (leaderIndex() + 1) % 3;
    const direct = await connectTo(server(target), { user: 'root' });
    const fillers: Connection[] = [];
    try {
      const [[before]] = await direct.query<RowDataPacket[]>('SELECT @@max_connections AS n');
      await direct.query('SET GLOBAL max_connections = 30');
      try {
        for (;;) fillers.push(await connectTo(server(target), { user: 'app' }));
      } catch (error) {
        expect(error).toMatchObject({ errno: 1040 });
      }
      // Some of its pooled connections are new ones now, which it refuses.
      const more = await Promise.all(
        Array.from({ length: 30 }, () => connectTo(lockstep, { database: 'app' })),
      );
      const answers = await Promise.all(
        more.map(async (client) => (await client.query('SELECT SLEEP(0.05) AS s'))[0]),
      );
      for (const client of more) client.destroy();
      expect(answers).toEqual(more.map(() => [{ s: 0 }]));
      const name = `mysql${target + 1}`;
      expect(lockstep.balancer.control.node(name).state).toBe('UP');
      await direct.query(`SET GLOBAL max_connections = ${before?.['n']}`);
    } finally {
      for (const filler of fillers) filler.destroy();
      direct.destroy();
    }
    await clients[0]?.query("INSERT INTO t VALUES ('on all')");
    await expectEqualNodes(servers.servers);
  });
});
