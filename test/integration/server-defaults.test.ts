import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

describe.each(engines())('nodes whose sessions begin at READ COMMITTED, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    const extraArguments = ['--transaction-isolation=READ-COMMITTED'];
    servers = await startServers({ engine, count: 2, extraArguments });
    const root = { user: 'root', password: 'root' };
    lockstep = await startBalancer(servers, { users: [{ name: root.user, ...root }] });
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  test('writes run at REPEATABLE READ all the same', async () => {
    const first = await connectTo(lockstep, { user: 'root', database: 'app' });
    const second = await connectTo(lockstep, { user: 'root', database: 'app' });
    await first.query('CREATE TABLE t (id INT PRIMARY KEY, n INT)');
    await first.query('INSERT INTO t VALUES (1, 0)');
    const [rows] = await first.query<RowDataPacket[]>("SHOW VARIABLES LIKE 't%\\_isolation'");
    for (const row of rows) expect(row['Value']).toBe('REPEATABLE-READ');
    await first.beginTransaction();
    await first.query('SELECT * FROM t');
    await second.query('INSERT INTO t VALUES (2, 0)');
    const [seen] = await first.query<RowDataPacket[]>('SELECT id FROM t');
    expect(seen).toHaveLength(1);
    // Between the rows too, so that what comes later in the log came later to the leader.
    await first.query('UPDATE t SET n = 1 WHERE id < 10');
    await second.query('SET innodb_lock_wait_timeout = 1');
    await expect(second.query('INSERT INTO t VALUES (3, 0)')).rejects.toMatchObject({
      errno: 1205,
    });
    await first.commit();
    await first.end();
    await second.end();
    await expectEqualNodes(servers.servers);
  });

  test.each([
    'autocommit = 0',
    'completion_type = 1',
    'TRANSACTION ISOLATION LEVEL READ COMMITTED',
    'TRANSACTION READ ONLY',
  ])('SET GLOBAL %s is refused: it would be how our own sessions begin', async (what) => {
    const client = await connectTo(lockstep, { user: 'root' });
    await expect(client.query(`SET GLOBAL ${what}`)).rejects.toThrow(/would change how/);
    await client.end();
  });
});
