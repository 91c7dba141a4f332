import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

const mariadb = engines(['mariadb']);
const root = { user: 'root', password: 'root' };
const refused = /sql_mode ORACLE is another language/;

async function modeOf(client: Connection): Promise<string> {
  const [[row]] = await client.query<RowDataPacket[]>('SELECT @@sql_mode AS mode');
  return String(row?.['mode']);
}

describe.each(mariadb)('sql_mode ORACLE, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  let usual = '';

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    // As somebody would have made them before there was Lockstep.
    for (const server of servers.servers) {
      const own = await connectTo(server, { user: 'root', database: 'app' });
      await own.query('CREATE TABLE t (id INT PRIMARY KEY, n INT)');
      await own.query('CREATE TABLE watched (id INT PRIMARY KEY)');
      await own.query('CREATE SEQUENCE s');
      await own.query("SET sql_mode = 'ORACLE'");
      await own.query('CREATE FUNCTION f RETURN INT AS BEGIN RETURN s.nextval; END');
      await own.query('CREATE PROCEDURE p AS BEGIN INSERT INTO t VALUES (s.nextval, 1); END');
      await own.query(
        'CREATE TRIGGER w AFTER INSERT ON watched FOR EACH ROW ' +
          'BEGIN INSERT INTO t VALUES (s.nextval, 1); END',
      );
      await own.end();
    }
    lockstep = await startBalancer(servers, { users: [{ name: root.user, ...root }] });
    client = await connectTo(lockstep, { user: 'root', database: 'app' });
    usual = await modeOf(client);
  });

  afterAll(async () => {
    await client?.end();
    await lockstep?.close();
    await servers?.close();
  });

  test.each([
    "SET sql_mode = 'ORACLE'",
    'SET sql_mode = oracle',
    'SET sql_mode = 512',
    "SET @x = 1, @@session.sql_mode = 'ANSI,ORACLE'",
    "SET sql_mode = CONCAT(@@sql_mode, ',ORACLE')",
  ])('%s is refused, and nothing of it is set', async (sql) => {
    await client.query('SET @x = 0');
    await expect(client.query(sql)).rejects.toThrow(refused);
    expect(await modeOf(client)).toBe(usual);
    const [[row]] = await client.query<RowDataPacket[]>('SELECT @x AS x');
    expect(row?.['x']).toBe(0);
  });

  test('a prepared one is refused too', async () => {
    await expect(client.execute('SET sql_mode = ?', ['ORACLE'])).rejects.toThrow(refused);
    expect(await modeOf(client)).toBe(usual);
  });

  test.each([
    'SET sql_mode = @m',
    'SET last_insert_id = 5, time_zone = DEFAULT, sql_mode = @m',
    'SET sql_mode = @m, ROLE NONE',
    "SET sql_mode = _utf8mb4 X'4F5241434C45'",
  ])('so is %s, whose text does not tell, and the session is as before', async (sql) => {
    await client.query("SET @m = CONCAT('ORA', 'CLE')");
    await expect(client.query(sql)).rejects.toThrow(refused);
    for (let at = 0; at < 4; at += 1) expect(await modeOf(client)).toBe(usual);
    const [[row]] = await client.query<RowDataPacket[]>('SELECT LAST_INSERT_ID() AS id');
    expect(row?.['id']).toBe(0);
  });

  test('which costs no transaction and no temporary table', async () => {
    await client.query('CREATE TEMPORARY TABLE own (n INT)');
    await client.query("SET @m = CONCAT('ORA', 'CLE')");
    await client.beginTransaction();
    await client.query('INSERT INTO t VALUES (100, 1)');
    await expect(client.query('SET sql_mode = @m')).rejects.toThrow(refused);
    expect(await modeOf(client)).toBe(usual);
    await client.query('INSERT INTO own VALUES (1)');
    await client.query('INSERT INTO t VALUES (101, 1)');
    await client.commit();
    const [rows] = await client.query<RowDataPacket[]>('SELECT id FROM t, own');
    expect(rows).toHaveLength(2);
    await client.query('DROP TEMPORARY TABLE own');
    await expectEqualNodes(servers.servers);
  });

  test.each([
    "SET ROLE NONE, sql_mode = 'ORACLE'",
    "SET @x = 1, ROLE NONE, sql_mode = 'ANSI'",
    "SET @@session .sql_mode = 'ANSI'",
    "SET STATEMENT max_statement_time = 9 FOR SET sql_mode = 'ANSI'",
    "SET STATEMENT max_statement_time = 9 FOR SET GLOBAL sql_mode = 'ORACLE'",
    "SET ROLE NONE, @@time_zone = '+05:00'",
  ])('%s is not read as a whole, and refused', async (sql) => {
    await expect(client.query(sql)).rejects.toThrow(/cannot be read here/);
    expect(await modeOf(client)).toBe(usual);
  });

  test.each(["SET PASSWORD = PASSWORD('root'), sql_mode = 'ANSI'", 'SET PASSWORD = "", @x = 2'])(
    '%s is of the server and of the session, and refused',
    async (sql) => {
      await expect(client.query(sql)).rejects.toThrow(/make two statements of it/);
      expect(await modeOf(client)).toBe(usual);
    },
  );

  test.each([
    "SET @a = @@sql_mode = 'ANSI'",
    "SET @a = IF(1, @@sql_mode = 'x', 0), @b = 1",
    "SET sql_mode = REPLACE(@@sql_mode, 'ORACLE', '')",
    'SET @ORACLE = 1, @b = (SELECT 1)',
  ])('%s is none of these', async (sql) => {
    await client.query(sql);
    await client.query('SET sql_mode = DEFAULT');
  });

  test.each(["'ANSI'", "'PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE'", '4', 'DEFAULT'])(
    'SET sql_mode = %s is not',
    async (mode) => {
      await client.query(`SET sql_mode = ${mode}`);
      await client.query('SET sql_mode = DEFAULT');
    },
  );

  test.each([
    'SELECT f()',
    'CALL p()',
    'INSERT INTO t VALUES (f(), 2)',
    'INSERT INTO watched VALUES (1)',
  ])('%s, of a program that was made in it, is refused', async (sql) => {
    await expect(client.query(sql)).rejects.toThrow(/sql_mode ORACLE/);
    await expectEqualNodes(servers.servers);
  });
});

describe.each(mariadb)('a server whose sessions begin in sql_mode ORACLE, $name', (engine) => {
  test('serves when they do not any more, and until then says why not', async () => {
    await using servers = await startServers({ engine, count: 2 });
    const second = servers.servers[1];
    assert(second, 'two were started');
    await using lockstep = await startBalancer(servers);
    const nodes = () => lockstep.balancer.control.status().nodes;
    const states = (): string[] => nodes().map(({ state }) => state);
    const own = await connectTo(second, { user: 'root' });
    await own.query("SET GLOBAL sql_mode = 'ORACLE'");
    await lockstep.restart();
    const reason = (): string | undefined => nodes()[1]?.reason;
    await expect.poll(reason, { timeout: 30_000 }).toMatch(/begin in sql_mode ORACLE/);
    expect(states()).toEqual(['UP', 'RECOVERING']);
    const client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await own.query('SET GLOBAL sql_mode = DEFAULT');
    await own.end();
    await expect.poll(states, { timeout: 30_000 }).toEqual(['UP', 'UP']);
    await client.end();
    await expectEqualNodes(servers.servers);
  });
});
