import { setImmediate as turn } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';

describe.each(engines())('a result that takes its time, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 1 });
    lockstep = await startBalancer(servers);
    await using client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE slow (id INT PRIMARY KEY, v LONGTEXT)');
    await client.query("INSERT INTO slow VALUES (0, REPEAT('a', 70000))");
    for (let id = 1; id <= 4; id++) {
      await client.query(`INSERT INTO slow VALUES (${id}, REPEAT('${id}', 20000))`);
    }
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  test('its rows come while it is under way', async () => {
    const { port } = lockstep;
    const login = { host: '127.0.0.1', port, user: 'app', password: 'app', database: 'app' };
    const client = createConnection(login);
    // Rows 1 and 2 are more than the server keeps back, and less than is gathered for one write.
    const query = client.query(
      'SELECT id, v, SLEEP(CASE id WHEN 3 THEN 3 ELSE 0.1 END) FROM slow ORDER BY id',
    );
    const lengths: number[] = [];
    let ended = false;
    const whole = new Promise<void>((resolve, reject) => {
      query.on('error', reject);
      query.on('end', () => {
        ended = true;
        resolve();
      });
    });
    const early = new Promise<boolean>((resolve) => {
      query.on('result', (row) => {
        const { id, v } = row as RowDataPacket & { id: number; v: string };
        lengths.push(v.length);
        if (id === 1) void turn().then(() => resolve(!ended));
      });
    });
    expect(await early).toBe(true);
    await whole;
    expect(lengths).toEqual([70_000, 20_000, 20_000, 20_000, 20_000]);
    client.destroy();
  });
});
