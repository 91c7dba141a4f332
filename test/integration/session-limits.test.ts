import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike } from '../support/extended.ts';

const limits = {
  ...defaultConfig.limits,
  sessions: 5,
  sessionsPerUser: 4,
  connectionsPerNode: 3,
  connectionWaitMs: 200,
};

describeAlike('the limits of sessions', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const open: Connection[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    const users = ['app', 'root'].map((name) => ({ name, password: name }));
    lockstep = await startBalancer(servers, { limits, users });
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const connect = async (user = 'app'): Promise<Connection> => {
    const client = await connectTo(lockstep, { user, database: 'app' });
    client.on('error', () => {});
    open.push(client);
    return client;
  };

  const endAll = async (): Promise<void> => {
    for (const client of open.splice(0)) client.destroy();
    const { control } = lockstep.balancer;
    await expect.poll(() => control.status().sessions, { interval: 10 }).toBe(0);
  };

  const pinned = async (): Promise<string | undefined> => {
    const text = await lockstep.balancer.control.metrics();
    return /^lockstep_sessions_pinned (\d+)$/m.exec(text)?.[1];
  };

  test('one user, all users, and the place kept for an account of the nodes', async () => {
    for (let count = 0; count < 4; count += 1) await connect();
    await expect(connect()).rejects.toMatchObject({ errno: 1203, sqlState: '42000' });
    await connect('root');
    await connect('root');
    await expect(connect('root')).rejects.toMatchObject({ errno: 1040, sqlState: '08004' });
    await expect(connect()).rejects.toMatchObject({ errno: 1040, sqlState: '08004' });
    await endAll();
    const again = await connect();
    await again.query('SELECT 1');
    await endAll();
  });

  test('a session that changes to a user counts as one of that user', async () => {
    const one = await connect('root');
    const account = { user: 'app', password: 'app', database: 'app' };
    for (let count = 0; count < 3; count += 1) await connect();
    await one.changeUser(account);
    // The same user again is none more.
    await one.changeUser(account);
    const other = await connect('root');
    await expect(other.changeUser(account)).rejects.toMatchObject({ errno: 1203 });
    const goesOn = other.query('SELECT 1');
    if (engine.name === 'mysql') await expect(goesOn).rejects.toThrow();
    else await goesOn;
    await one.query('SELECT 1');
    await endAll();
  });

  test('a statement waits for a connection to its node, and not for ever', async () => {
    const busy = [await connect(), await connect(), await connect()];
    for (const client of busy) await client.beginTransaction();
    const waiting = await connect();
    await expect(waiting.beginTransaction()).rejects.toMatchObject({ errno: 1040 });
    const begun = waiting.beginTransaction();
    await busy[0]?.commit();
    await begun;
    await endAll();
  });

  test('a client that is silent for longer than its wait_timeout is disconnected', async () => {
    const client = await connect();
    await client.query('SET wait_timeout = 1');
    const [rows] = await client.query<RowDataPacket[]>('SELECT @@wait_timeout AS timeout');
    expect(rows).toEqual([{ timeout: 1 }]);
    const told = await new Promise<unknown>((resolve) => {
      client.once('error', resolve);
      client.once('end', () => resolve(undefined));
    });
    if (engine.name === 'mysql') expect(told).toMatchObject({ code: 4031 });
    await endAll();
  });

  test('a connection is kept for a session only as long as something lies on it', async () => {
    const client = await connect();
    await client.query('CREATE TEMPORARY TABLE one (id INT)');
    await client.query('CREATE TEMPORARY TABLE two (id INT)');
    await expect.poll(pinned, { interval: 10 }).toBe('1');
    await client.query('DROP TEMPORARY TABLE one');
    await expect.poll(pinned, { interval: 10 }).toBe('1');
    await client.query('DROP TABLE two');
    await expect.poll(pinned, { interval: 10 }).toBe('0');
    await client.query("SELECT GET_LOCK('a', 0), GET_LOCK('b', 0)");
    await client.query("SELECT RELEASE_LOCK('a')");
    await expect.poll(pinned, { interval: 10 }).toBe('1');
    const other = await connect();
    const [taken] = await other.query<RowDataPacket[]>("SELECT GET_LOCK('b', 0) AS got");
    expect(taken).toEqual([{ got: 0 }]);
    await expect.poll(pinned, { interval: 10 }).toBe('1');
    await client.query("SELECT RELEASE_LOCK('b')");
    await expect.poll(pinned, { interval: 10 }).toBe('0');
    await client.query("SELECT GET_LOCK(CONCAT('c', 1), 0)");
    await expect.poll(pinned, { interval: 10 }).toBe('1');
    await client.query('SELECT RELEASE_ALL_LOCKS()');
    await expect.poll(pinned, { interval: 10 }).toBe('0');
    await client.beginTransaction();
    await client.query('CREATE TEMPORARY TABLE one (id INT)');
    await client.query('DROP TEMPORARY TABLE one');
    await client.commit();
    await expect.poll(pinned, { interval: 10 }).toBe('0');
    await client.query('CREATE TEMPORARY TABLE one (id INT)');
    await endAll();
    await expect.poll(pinned, { interval: 10 }).toBe('0');
  });

  test('what a transaction does to a temporary table alone is committed with it', async () => {
    const client = await connect();
    await client.query('CREATE TEMPORARY TABLE one (id INT)');
    await client.beginTransaction();
    await client.query('INSERT INTO one VALUES (1), (2)');
    await client.commit();
    await client.beginTransaction();
    await client.query('DELETE FROM one');
    await client.rollback();
    const [rows] = await client.query<RowDataPacket[]>('SELECT id FROM one ORDER BY id');
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    await endAll();
  });
});
