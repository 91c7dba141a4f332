import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FaultPointName, faultPoints } from '../../src/base/fault-points.ts';
import { defaultConfig } from '../../src/config/config.ts';
import type { LocalServer } from '../../src/demo/local-server.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

const KiB = 1024;

describe.each(engines())('transaction_replay, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  let other: Connection;
  let disarm = (): void => undefined;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers, {
      transactionReplay: true,
      limits: { ...defaultConfig.limits, transactionReplayBytes: 256 * KiB },
    });
    await untilAllUp(lockstep);
    client = await connectTo(lockstep, { database: 'app' });
    other = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE n (id INT PRIMARY KEY, n INT)');
    await client.query(
      'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(40), ' +
        'at DATETIME(6), r DOUBLE)',
    );
    await client.query('CREATE TABLE big (id INT PRIMARY KEY, text LONGTEXT)');
    await client.query("INSERT INTO big VALUES (1, REPEAT('x', 200000))");
  });

  beforeEach(async () => {
    await client.query('REPLACE INTO n VALUES (1, 0), (2, 0), (3, 0)');
  });

  afterEach(async () => {
    disarm();
    for (const server of servers.servers) if (!server.running) await server.start();
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });

  afterAll(async () => {
    client?.destroy();
    other?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const leader = (): string => lockstep.balancer.control.status().leader ?? '';
  const serverOf = (name: string): LocalServer => {
    const server = servers.servers.find((one) => one.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  };
  const rows = async (sql: string, on = client): Promise<RowDataPacket[]> =>
    (await on.query<RowDataPacket[]>(sql))[0];

  const killAt = (point: FaultPointName): string[] => {
    const killed: string[] = [];
    disarm = faultPoints.arm(async (reached, node) => {
      if (reached !== point || node !== leader() || killed.length > 0) return;
      killed.push(node);
      await serverOf(node).kill();
    });
    return killed;
  };

  /** The leader's server ends what clients have open there; nothing else breaks. */
  const endSessions = async (): Promise<void> => {
    const server = await connectTo(serverOf(leader()), { user: 'root' });
    const [found] = await server.query<RowDataPacket[]>(
      "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER='app'",
    );
    // One may be gone before its turn comes.
    for (const { id } of found) await server.query(`KILL ${id}`).catch(() => undefined);
    server.destroy();
  };

  for (const point of ['transaction.begun', 'transaction.executed', 'commit.begun'] as const) {
    test(`leader, before commit of an open transaction (${point}): nothing`, async () => {
      const killed = killAt(point);
      await client.query('BEGIN');
      const [first] = await client.query('UPDATE n SET n = n + 1 WHERE id = 1');
      expect(first).toMatchObject({ affectedRows: 1 });
      expect(await rows('SELECT n FROM n ORDER BY id')).toEqual([{ n: 1 }, { n: 0 }, { n: 0 }]);
      await client.query('UPDATE n SET n = n + 10 WHERE id = 2');
      await client.query('COMMIT');
      expect(killed).toHaveLength(1);
      expect(leader()).not.toBe(killed[0]);
      expect(await rows('SELECT n FROM n ORDER BY id')).toEqual([{ n: 1 }, { n: 10 }, { n: 0 }]);
    });
  }

  test('ids, time, seeds, variables, savepoints, prepared statements: the same', async () => {
    // The leader's counter runs ahead of what a follower knows of.
    await client.query('BEGIN');
    await client.query("INSERT INTO t (note) VALUES ('a'), ('b'), ('c')");
    await client.query('ROLLBACK');
    await client.query("SET @who = 'before', sql_mode = ''");
    await client.query('BEGIN');
    const insert = 'INSERT INTO t (note, at, r) VALUES (?, NOW(6), RAND())';
    const [first] = await client.execute<ResultSetHeader>(insert, ['one']);
    await client.query('SAVEPOINT s');
    await client.query("INSERT INTO t (note) VALUES ('undone')");
    await client.query('ROLLBACK TO SAVEPOINT s');
    await client.query('SET @who = (SELECT note FROM t WHERE id = LAST_INSERT_ID() - 1)');
    await client.query("SET @who = 'within', time_zone = '+05:00'");
    await client.query('INSERT INTO t (note, at) VALUES (@who, NOW(6))');
    const [duplicate] = await Promise.allSettled([
      client.query(`INSERT INTO t (id) VALUES (${first.insertId})`),
    ]);
    expect(duplicate).toMatchObject({ reason: { errno: 1062 } });
    await client.query('SET @last = LAST_INSERT_ID()');
    const before = await rows('SELECT *, @who, @last, LAST_INSERT_ID() FROM t ORDER BY id');
    expect(await rows('SELECT text FROM big')).toMatchObject([{ text: 'x'.repeat(200_000) }]);
    await endSessions();
    const sql = 'SELECT *, @who, @last, LAST_INSERT_ID() FROM t ORDER BY id';
    expect(await rows(sql)).toEqual(before);
    await endSessions();
    await client.query('COMMIT');
    expect(await rows(sql)).toEqual(before);
    expect(before.map(({ id }) => id)).toContain(first.insertId);
  });

  test('a client that would hear something else hears that it is to run it again', async () => {
    await client.query('BEGIN');
    expect(await rows('SELECT n FROM n WHERE id = 2')).toEqual([{ n: 0 }]);
    await client.query('UPDATE n SET n = 5 WHERE id = 1');
    await endSessions();
    await other.query('UPDATE n SET n = 7 WHERE id = 2');
    const attempt = client.query('UPDATE n SET n = 6 WHERE id = 3');
    await expect(attempt).rejects.toMatchObject({
      errno: 1213,
      sqlState: '40001',
      message: expect.stringMatching(/another answer than the client has/),
    });
    expect(await rows('SELECT n FROM n ORDER BY id')).toEqual([{ n: 0 }, { n: 7 }, { n: 0 }]);
    // What it left on the connections meets nobody: ids go on as they should.
    const [inserted] = await client.query("INSERT INTO t (note) VALUES ('after')");
    expect(inserted).toMatchObject({ affectedRows: 1 });
  });

  test('what it did not read may have changed', async () => {
    await client.query('BEGIN');
    await client.query('UPDATE n SET n = n + 1 WHERE id = 1');
    await endSessions();
    await other.query('UPDATE n SET n = n + 10 WHERE id = 1');
    await client.query('UPDATE n SET n = n + 100 WHERE id = 1');
    await client.query('COMMIT');
    expect(await rows('SELECT n FROM n WHERE id = 1')).toEqual([{ n: 111 }]);
  });

  test('more statements than are kept: the client runs it again', async () => {
    await client.query('BEGIN');
    await client.query(`UPDATE n SET n = 5 WHERE id = 1 /* ${'x'.repeat(300 * KiB)} */`);
    await endSessions();
    await expect(client.query('COMMIT')).rejects.toMatchObject({
      errno: 1213,
      message: expect.stringMatching(/limits\.transaction_replay_bytes/),
    });
    expect(await rows('SELECT n FROM n WHERE id = 1')).toEqual([{ n: 0 }]);
  });
});
