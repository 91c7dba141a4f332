import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';

/** A write is run at a fixed time, which must hold for nothing else on its connection. */
describe.each(engines())('the clock, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 1 });
    lockstep = await startBalancer(servers);
    await untilAllUp(lockstep);
    client = await connectTo(lockstep, { database: 'app' });
    await client.query(
      'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, at DATETIME(6) DEFAULT NOW(6))',
    );
    await client.query('CREATE FUNCTION told() RETURNS DATETIME(6) NO SQL RETURN NOW(6)');
  });

  afterAll(async () => {
    await client?.end();
    await lockstep?.close();
    await servers?.close();
  });

  const asked = {
    text: async (sql: string) => (await client.query<RowDataPacket[]>(sql))[0],
    prepared: async (sql: string) => (await client.execute<RowDataPacket[]>(sql))[0],
  };
  const questions = [
    'SELECT UNIX_TIMESTAMP(NOW(6)) AS at',
    'SELECT UNIX_TIMESTAMP(NOW(6)) AS at FROM t LIMIT 1',
    'SELECT UNIX_TIMESTAMP(told()) AS at',
  ];

  /** It is later each time. */
  const goesOn = async (): Promise<void> => {
    let before = 0;
    for (const ask of Object.values(asked)) {
      for (const sql of questions) {
        await delay(2);
        const [row] = await ask(sql);
        const at = Number(row?.['at']);
        expect(at, sql).toBeGreaterThan(before);
        before = at;
      }
    }
  };

  const insert = 'INSERT INTO t () VALUES ()';

  test.each([
    ['a write', insert],
    ['a write that is refused', 'INSERT INTO t (id) VALUES (1), (1)'],
    ['a definition', 'CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY)'],
  ])('goes on behind %s', async (_, sql) => {
    await client.query(sql).catch(() => {});
    await goesOn();
  });

  test('goes on behind a prepared write', async () => {
    await client.execute(insert);
    await goesOn();
  });

  test.each(['COMMIT', 'ROLLBACK'])('goes on in a transaction and behind %s', async (end) => {
    await client.query('BEGIN');
    await client.query(insert);
    await goesOn();
    await client.query('SAVEPOINT s');
    await client.query(insert);
    await goesOn();
    await client.query(insert);
    await client.query(end);
    await goesOn();
  });

  test('stands where the session has it', async () => {
    await client.query('SET timestamp = 1000000000');
    await client.query(insert);
    for (const ask of Object.values(asked)) {
      const [row] = await ask('SELECT UNIX_TIMESTAMP(NOW(6)) AS at');
      expect(Number(row?.['at'])).toBe(1_000_000_000);
    }
    await client.query('SET timestamp = DEFAULT');
    await client.query(insert);
    await goesOn();
  });
});
