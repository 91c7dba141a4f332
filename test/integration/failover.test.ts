import mysql, { type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeState } from '../../src/nodes/node-state.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(engines())('nodes that die and return, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers);
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const pool = (): mysql.Pool =>
    mysql.createPool({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      connectionLimit: 8,
    });

  const untilState = (name: string, state: NodeState): Promise<void> =>
    expect
      .poll(() => lockstep.balancer.control.node(name).state, { timeout: 30_000, interval: 20 })
      .toBe(state);

  test('what a stopped node misses is kept, and replayed before it serves', async () => {
    const clients = pool();
    await clients.query('CREATE TABLE f (id INT AUTO_INCREMENT PRIMARY KEY, n INT)');
    await servers.servers[1]?.stop();
    await untilState('mysql2', 'DOWN');
    await clients.query('INSERT INTO f (n) VALUES (1), (2), (3)');
    await clients.query('UPDATE f SET n = n * 10 WHERE id >= 2');
    await clients.query('DELETE FROM f WHERE id = 1');
    await clients.query('ALTER TABLE f ADD COLUMN note VARCHAR(20)');
    const missed = await lockstep.balancer.control.nodeLog('mysql2', { limit: 100 });
    expect(missed.entries.flatMap((entry) => entry.commands.map((command) => command.sql))).toEqual(
      [
        'INSERT INTO f (n) VALUES (1), (2), (3)',
        'UPDATE f SET n = n * 10 WHERE id >= 2',
        'DELETE FROM f WHERE id = 1',
        'ALTER TABLE f ADD COLUMN note VARCHAR(20)',
      ],
    );
    expect(lockstep.balancer.control.node('mysql3').pending).toBe(0);
    await servers.servers[1]?.start();
    await untilState('mysql2', 'UP');
    expect((await lockstep.balancer.control.nodeLog('mysql2', { limit: 10 })).entries).toEqual([]);
    await clients.end();
    await expectEqualNodes(servers.servers);
  });

  test('a node that the operator takes out comes back once, and stays', async () => {
    const { control } = lockstep.balancer;
    const clients = pool();
    const seen = control.events.since(0).at(-1)?.id ?? 0;
    for (const action of ['disable', 'drain'] as const) {
      await Promise.all(Array.from({ length: 20 }, () => clients.query('SELECT SLEEP(0.01)')));
      await control[action]('mysql3');
      expect(control.node('mysql3').state).toBe('DISABLED');
      await pause(300);
      await control.enable('mysql3');
      await untilState('mysql3', 'UP');
    }
    // Two more looks of the health check, which has its own opinion of when the node came up.
    await pause(2 * lockstep.config.health.intervalMs);
    expect(control.node('mysql3').state).toBe('UP');
    const failed = control.events.since(seen).filter((event) => event.kind === 'recovery_failed');
    expect(failed).toEqual([]);
    await clients.end();
  });

  test('killing the leader under load fails no statement and loses no write', async () => {
    const clients = pool();
    await clients.query('CREATE TABLE load_test (id INT PRIMARY KEY, n INT)');
    const acknowledged: number[] = [];
    let next = 0;
    const load = { running: true };
    const work = async (): Promise<void> => {
      while (load.running) {
        const id = ++next;
        await clients.query(`INSERT INTO load_test VALUES (${id}, 1)`);
        acknowledged.push(id);
        await clients.query(`SELECT n FROM load_test WHERE id = ${id}`);
      }
    };
    const workers = Array.from({ length: 8 }, work);
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(100);
    const leader = lockstep.balancer.control.status().leader ?? '';
    const server = servers.servers.find((candidate) => candidate.name === leader);
    await server?.kill();
    const atKill = acknowledged.length;
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(atKill + 200);
    await server?.start();
    await untilState(leader, 'UP');
    load.running = false;
    await Promise.all(workers);
    const [rows] = await clients.query<RowDataPacket[]>('SELECT id FROM load_test ORDER BY id');
    expect(rows.map((row) => row['id'])).toEqual(acknowledged.toSorted((a, b) => a - b));
    await clients.end();
    await expectEqualNodes(servers.servers);
  });

  test('a session that depends on a killed node is ended, and a new one works', async () => {
    const connect = () => pool().getConnection();
    const client = await connect();
    client.on('error', () => {});
    await client.query('CREATE TEMPORARY TABLE scratch (id INT)');
    await client.query('INSERT INTO scratch VALUES (1)');
    const leader = lockstep.balancer.control.status().leader ?? '';
    const server = servers.servers.find((candidate) => candidate.name === leader);
    await server?.kill();
    await untilState(leader, 'DOWN');
    await expect(client.query('CREATE TABLE from_scratch (id INT)')).rejects.toMatchObject({
      code: 'PROTOCOL_CONNECTION_LOST',
    });
    client.destroy();
    const next = await connect();
    await next.query('CREATE TABLE afresh (id INT PRIMARY KEY)');
    next.destroy();
    await server?.start();
    await untilState(leader, 'UP');
    await expectEqualNodes(servers.servers);
  });
});
