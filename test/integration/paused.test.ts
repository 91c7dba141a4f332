import mysql, { type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import type { NodeState } from '../../src/nodes/node-state.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike, extended } from '../support/extended.ts';
import { until, workers } from '../support/load.ts';

describeAlike('a node that is frozen', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let clients: mysql.Pool;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, {
      strategy: 'round_robin',
      health: { ...defaultConfig.health, intervalMs: 1000, suspectAfterMs: 500, timeoutMs: 1000 },
    });
    clients = mysql.createPool({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      connectionLimit: 12,
    });
    await clients.query('CREATE TABLE counters (id INT PRIMARY KEY, n INT)');
    await clients.query('INSERT INTO counters VALUES (1, 0), (2, 0), (3, 0), (4, 0)');
    await clients.query('CREATE TABLE journal (id INT PRIMARY KEY)');
  });

  afterAll(async () => {
    await clients?.end();
    await lockstep?.close();
    await servers?.close();
  });

  const stateOf = (name: string): NodeState => lockstep.balancer.control.node(name).state;
  const serverOf = (name: string) => {
    const server = servers.servers.find((candidate) => candidate.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  };
  const leaderName = (): string => lockstep.balancer.control.status().leader ?? '';

  test('reads that wait for it are answered by others, and none fails', async () => {
    const name = leaderName() === 'mysql2' ? 'mysql3' : 'mysql2';
    const load = workers(8, async () => {
      await clients.query('SELECT n FROM counters WHERE id = 1');
    });
    await until(() => load.done > 200);
    await serverOf(name).pause();
    await until(() => stateOf(name) === 'DOWN');
    const outAt = load.done;
    await until(() => load.done > outAt + 200);
    serverOf(name).resume();
    await until(() => stateOf(name) === 'UP');
    await load.stop();
  });

  test('a long query takes no node out, and others are not disturbed', extended, async () => {
    const before = lockstep.balancer.control.events.lastId;
    const [rows] = await clients.query<RowDataPacket[]>('SELECT SLEEP(3) AS s');
    expect(rows[0]?.['s']).toBe(0);
    const changes = lockstep.balancer.control.events
      .since(before)
      .filter((event) => event.kind === 'node_state_changed');
    expect(changes).toEqual([]);
  });

  test('a leader frozen under writes: none fails, none is lost or there twice', async () => {
    const name = leaderName();
    const acknowledged: number[] = [];
    let next = 0;
    const load = workers(8, async () => {
      const id = ++next;
      await clients.query(`INSERT INTO journal VALUES (${id})`);
      await clients.query(`UPDATE counters SET n = n + 1 WHERE id = ${(id % 4) + 1}`);
      acknowledged.push(id);
    });
    await until(() => load.done > 100);
    await serverOf(name).pause();
    await until(() => !['', name].includes(leaderName()));
    const movedAt = load.done;
    await until(() => load.done > movedAt + 100);
    serverOf(name).resume();
    await until(() => stateOf(name) === 'UP');
    await load.stop();
    const [rows] = await clients.query<RowDataPacket[]>('SELECT id FROM journal ORDER BY id');
    expect(rows.map((row) => row['id'])).toEqual(acknowledged.toSorted((a, b) => a - b));
    const [[sum]] = await clients.query<RowDataPacket[]>('SELECT SUM(n) AS n FROM counters');
    expect(Number(sum?.['n'])).toBe(acknowledged.length);
    await expectEqualNodes(servers.servers);
  });

  test('a transaction open on a frozen leader leaves nothing behind', async () => {
    const name = leaderName();
    const client = await clients.getConnection();
    await client.beginTransaction();
    await client.query('UPDATE counters SET n = 1000 WHERE id = 1');
    await serverOf(name).pause();
    await expect(client.query('UPDATE counters SET n = 1000 WHERE id = 2')).rejects.toMatchObject({
      errno: 1213,
    });
    client.release();
    await clients.query('UPDATE counters SET n = -1 WHERE id = 1');
    serverOf(name).resume();
    await until(() => stateOf(name) === 'UP');
    const [[row]] = await clients.query<RowDataPacket[]>('SELECT n FROM counters WHERE id = 1');
    expect(row?.['n']).toBe(-1);
    await expectEqualNodes(servers.servers);
  });
});
