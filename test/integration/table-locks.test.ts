import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { errnoOf } from '../support/errno-of.ts';
import { extended } from '../support/extended.ts';

describe.each(engines())('LOCK TABLES, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let one: Connection;
  let other: Connection;
  const clients: Connection[] = [];

  const connect = async (): Promise<Connection> => {
    const client = await connectTo(lockstep, { database: 'app' });
    clients.push(client);
    return client;
  };
  const countOf = async (client: Connection): Promise<number> => {
    const [[row]] = await client.query<RowDataPacket[]>('SELECT n FROM counter WHERE id = 1');
    return Number(row?.['n']);
  };

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers);
    await untilAllUp(lockstep);
    [one, other] = [await connect(), await connect()];
    await one.query('CREATE TABLE counter (id INT PRIMARY KEY, n INT)');
    await one.query('CREATE TABLE beside (id INT PRIMARY KEY)');
    await one.query('INSERT INTO counter VALUES (1, 0)');
    await one.query(
      'CREATE FUNCTION counts() RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN UPDATE counter SET n = n + 1; RETURN 1; END',
    );
  });

  afterAll(async () => {
    for (const client of clients) client.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  test('a session is held to what it has locked, in the words of a server', async () => {
    expect(await errnoOf(one, 'LOCK TABLES missing READ')).toBe(1146);
    expect(await errnoOf(one, 'LOCK TABLES counter')).toBe(1064);
    await one.query('LOCK TABLES counter READ');
    expect(await errnoOf(one, 'UPDATE counter SET n = 1')).toBe(1099);
    expect(await errnoOf(one, 'SELECT * FROM beside')).toBe(1100);
    expect(await errnoOf(one, 'ALTER TABLE counter ADD c INT')).toBe(1099);
    expect(await errnoOf(one, 'CREATE TABLE more (a INT)')).toBe(1100);
    expect(await errnoOf(one, 'SELECT counts()')).toBe(1223);
    expect(await errnoOf(one, "LOAD DATA LOCAL INFILE 'f' INTO TABLE counter")).toBe(1099);
    // Others may hold their own beside it, and none of these may run beside another.
    expect(await errnoOf(one, 'CREATE DATABASE beside_it')).toBe(1223);
    expect(await errnoOf(one, 'SET GLOBAL max_connect_errors = 1000')).toBe(1223);
    await one.query('CREATE TEMPORARY TABLE own (a INT)');
    await one.query('INSERT INTO own VALUES (1)');
    await one.query('DROP TEMPORARY TABLE own');
    expect(await countOf(one)).toBe(0);
    await one.query('LOCK TABLES counter WRITE, beside AS b READ');
    expect(await errnoOf(one, 'INSERT INTO beside VALUES (1)')).toBe(1100);
    expect(await errnoOf(one, 'UPDATE beside AS b SET b.id = 1')).toBe(1099);
    await one.query('UPDATE counter SET n = 0');
    await one.query('BEGIN');
    await one.query('INSERT INTO beside VALUES (1)');
    await one.query('ROLLBACK');
    // What was refused holds nothing.
    expect(await errnoOf(other, 'UPDATE counter SET n = 0')).toBeUndefined();
  });

  test('several may lock for READ; who writes waits for all of them', async () => {
    const third = await connect();
    await one.query('LOCK TABLES counter READ /*!32311 LOCAL */');
    await other.query('LOCK TABLES counter READ, beside READ');
    const order: string[] = [];
    const write = third.query('UPDATE counter SET n = 0').then(() => order.push('written'));
    await one.query('UNLOCK TABLES');
    expect(await countOf(other)).toBe(0);
    order.push('unlocked');
    await other.query('UNLOCK TABLES');
    await write;
    expect(order).toEqual(['unlocked', 'written']);
  });

  test('who locks for WRITE has the table alone', async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(connect));
    await Promise.all(
      sessions.map(async (client) => {
        for (let round = 0; round < 5; round += 1) {
          await client.query('LOCK TABLES counter WRITE');
          await client.query('UPDATE counter SET n = ? WHERE id = 1', [
            (await countOf(client)) + 1,
          ]);
          await client.query('UNLOCK TABLES');
        }
      }),
    );
    expect(await countOf(one)).toBe(20);
  });

  test('others wait to read it, and read other tables meanwhile', async () => {
    await one.query('LOCK TABLES counter WRITE');
    await one.query('UPDATE counter SET n = 100');
    const seen = countOf(other);
    const third = await connect();
    await third.query('SELECT * FROM beside');
    await third.query('DESCRIBE counter');
    await one.query('UPDATE counter SET n = 101');
    await one.query('UNLOCK TABLES');
    expect(await seen).toBe(101);
  });

  test('with autocommit off, UNLOCK TABLES commits', async () => {
    await one.query('SET autocommit = 0');
    await one.query('LOCK TABLES counter WRITE');
    await one.query('UPDATE counter SET n = 7');
    await one.query('UNLOCK TABLES');
    expect(await countOf(other)).toBe(7);
    await one.query('SET autocommit = 1');
  });

  test('the locks of a client that vanishes or is killed go with it', async () => {
    for (const held of ['READ', 'WRITE']) {
      const gone = await connect();
      await gone.query(`LOCK TABLES counter ${held}`);
      gone.destroy();
      await other.query('UPDATE counter SET n = 0');
      expect(await countOf(other)).toBe(0);
      const killed = await connect();
      killed.on('error', () => {});
      await killed.query(`LOCK TABLES counter ${held}`);
      await other.query(`KILL ${killed.threadId}`);
      await other.query('UPDATE counter SET n = 1');
      expect(await countOf(other)).toBe(1);
    }
  });

  test('who is ended while it waits for a lock does not get it', async () => {
    await one.query('LOCK TABLES counter WRITE');
    const [interrupted, gone, killed] = [await connect(), await connect(), await connect()];
    killed.on('error', () => {});
    const lock = (client: Connection): Promise<number | undefined> =>
      errnoOf(client, 'LOCK TABLES counter READ');
    const waiting = [lock(interrupted), lock(killed)];
    void lock(gone);
    await other.query(`KILL QUERY ${interrupted.threadId}`);
    await other.query(`KILL ${killed.threadId}`);
    gone.destroy();
    await one.query('UNLOCK TABLES');
    expect((await Promise.all(waiting))[0]).toBe(1317);
    await interrupted.query('UPDATE counter SET n = 2');
    expect(await countOf(other)).toBe(2);
  });

  test('the locks outlive the leader they were taken under', extended, async () => {
    await one.query('LOCK TABLES counter WRITE');
    await one.query('UPDATE counter SET n = 10');
    const leader = lockstep.balancer.control.status().leader ?? '';
    const server = servers.servers.find(({ name }) => name === leader);
    await server?.kill();
    const order: string[] = [];
    const seen = countOf(other).finally(() => order.push('seen'));
    const third = await connect();
    const write = third.query('UPDATE counter SET n = n * 2').finally(() => order.push('written'));
    await one.query('UPDATE counter SET n = n + 1');
    expect(await countOf(one)).toBe(11);
    order.push('unlocked');
    await one.query('UNLOCK TABLES');
    await write;
    expect([11, 22]).toContain(await seen);
    expect(order[0]).toBe('unlocked');
    expect(await countOf(one)).toBe(22);
    await server?.start();
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });
});
