import mysql, { type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';

describe.each(engines())('a client of three nodes, $name', (engine) => {
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

  const connect = (options: mysql.ConnectionOptions = {}) =>
    mysql.createConnection({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      ...options,
    });

  test('writes reach every node and reads see them', async () => {
    const client = await connect();
    await client.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(50))');
    const [inserted] = await client.query<mysql.ResultSetHeader>(
      "INSERT INTO t (v) VALUES ('a'), ('b')",
    );
    expect(inserted.affectedRows).toBe(2);
    expect(inserted.insertId).toBe(1);
    await client.query("UPDATE t SET v = 'c' WHERE id = 2");
    const [rows] = await client.query<RowDataPacket[]>('SELECT v FROM t ORDER BY id');
    expect(rows.map((row) => row['v'])).toEqual(['a', 'c']);
    await client.end();
    await expectEqualNodes(servers.servers);
  });

  test('prepared statements read and write', async () => {
    const client = await connect();
    await client.query('CREATE TABLE p (id INT PRIMARY KEY, v VARCHAR(50), d DOUBLE)');
    for (let id = 1; id <= 3; id++) {
      await client.execute('INSERT INTO p VALUES (?, ?, ?)', [id, `it's \\ ${id}`, 0.1 * id]);
    }
    const [rows] = await client.execute<RowDataPacket[]>('SELECT v FROM p WHERE id = ?', [2]);
    expect(rows[0]?.['v']).toBe("it's \\ 2");
    await client.end();
    await expectEqualNodes(servers.servers);
  });

  test('a transaction commits as one, or not at all', async () => {
    const client = await connect();
    await client.query('CREATE TABLE x (id INT PRIMARY KEY, n INT)');
    await client.beginTransaction();
    await client.query('INSERT INTO x VALUES (1, 1)');
    await client.query('SAVEPOINT s');
    await client.query('INSERT INTO x VALUES (2, 2)');
    await client.query('ROLLBACK TO s');
    await expect(client.query('INSERT INTO x VALUES (1, 9)')).rejects.toMatchObject({
      errno: 1062,
    });
    await client.commit();
    await client.beginTransaction();
    await client.query('INSERT INTO x VALUES (3, 3)');
    await client.rollback();
    const [rows] = await client.query<RowDataPacket[]>('SELECT id FROM x');
    expect(rows.map((row) => row['id'])).toEqual([1]);
    await client.end();
    await expectEqualNodes(servers.servers);
  });

  test('prepared BEGIN and COMMIT do what a server lets them do', async () => {
    const client = await connect();
    await client.query('CREATE TABLE pb (id INT PRIMARY KEY)');
    if (engine.name === 'mysql') {
      await expect(client.execute('BEGIN')).rejects.toMatchObject({ errno: 1295 });
      await client.query('BEGIN');
    } else await client.execute('BEGIN');
    await client.execute('INSERT INTO pb VALUES (?)', [1]);
    const other = await connect();
    const [before] = await other.query<RowDataPacket[]>('SELECT id FROM pb');
    expect(before).toEqual([]);
    await client.execute('COMMIT');
    const [after] = await other.query<RowDataPacket[]>('SELECT id FROM pb');
    expect(after).toEqual([{ id: 1 }]);
    await client.end();
    await other.end();
    await expectEqualNodes(servers.servers);
  });

  test('session state follows the session from node to node', async () => {
    const client = await connect();
    await client.query("SET @greeting = CONCAT('hel', 'lo'), time_zone = '+02:00'");
    for (let read = 0; read < 6; read++) {
      const [rows] = await client.query<RowDataPacket[]>('SELECT @greeting AS g, @@time_zone AS z');
      expect(rows[0]).toMatchObject({ g: 'hello', z: '+02:00' });
    }
    await client.end();
  });

  test('a wrong password and a refused statement say why', async () => {
    await expect(connect({ password: 'wrong' })).rejects.toMatchObject({ errno: 1045 });
    const client = await connect();
    await expect(client.query("XA START 'a'")).rejects.toMatchObject({ errno: 1235 });
    await client.query('SELECT 1');
    await client.end();
  });
});
