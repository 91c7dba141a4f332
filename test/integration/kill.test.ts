import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findEngine } from '../../src/demo/engine.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

const run = promisify(execFile);
const deadlineMs = 20_000;
const nobody = 4_000_000_000;

describe.each(engines())('sessions that are ended, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let admin: Connection;
  const open: Connection[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, {
      users: [
        { name: 'app', password: 'app' },
        { name: 'root', password: 'root' },
        { name: 'other', password: 'other' },
      ],
    });
    admin = await connectTo(lockstep, { user: 'root', password: 'root', database: 'app' });
    await admin.query("CREATE USER 'other'@'%' IDENTIFIED BY 'other'");
    await admin.query("GRANT ALL ON app.* TO 'other'@'%'");
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)');
    await admin.query('INSERT INTO t VALUES (1, 1), (2, 2)');
  });

  afterEach(async () => {
    for (const connection of open.splice(0)) connection.destroy();
    await expectEqualNodes(servers.servers);
  });
  afterAll(async () => {
    admin?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const client = async (user = 'app'): Promise<Connection> => {
    const connection = await connectTo(lockstep, {
      ...{ user, password: user, database: 'app', multipleStatements: true },
    });
    connection.on('error', () => {});
    open.push(connection);
    return connection;
  };
  const idOf = async (connection: Connection): Promise<number> => {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID()');
    return rows[0]?.['CONNECTION_ID()'];
  };
  const processes = async (connection = admin): Promise<RowDataPacket[]> => {
    const [rows] = await connection.query<RowDataPacket[]>('SHOW FULL PROCESSLIST');
    return rows;
  };
  const atWork = (connection: Connection): Promise<boolean> =>
    vi.waitUntil(async () => {
      const id = connection.threadId;
      return (await processes()).some(
        (row) => row['Id'] === id && String(row['State']).startsWith('executing on mysql'),
      );
    }, deadlineMs);
  /** Statements that the nodes themselves run and that hold this text. */
  const onNodes = async (text: string): Promise<number> => {
    let found = 0;
    for (const server of servers.servers) {
      const direct = await connectTo(server, { user: 'root' });
      const [rows] = await direct.query<RowDataPacket[]>('SHOW FULL PROCESSLIST');
      found += rows.filter(({ Info }) => String(Info).includes(text)).length;
      await direct.end();
    }
    return found;
  };
  const answer = (promise: Promise<unknown>): Promise<unknown> =>
    promise.catch((error: unknown) => error);

  test('CONNECTION_ID() is the number of the handshake, whichever node is asked', async () => {
    const connection = await client();
    for (let reads = 0; reads < 4; reads++) {
      expect(await idOf(connection)).toBe(connection.threadId);
      const [rows] = await connection.execute<RowDataPacket[]>(
        'SELECT CONNECTION_ID() AS id, ? AS x',
        [7],
      );
      expect(rows[0]).toMatchObject({ id: connection.threadId });
    }
    await connection.query('SET @me = CONNECTION_ID()');
    await connection.query(
      'UPDATE t SET v = CONNECTION_ID() WHERE id = 1 AND @me = CONNECTION_ID()',
    );
    const [rows] = await connection.query<RowDataPacket[]>('SELECT v FROM t WHERE id = 1');
    expect(rows[0]?.['v']).toBe(connection.threadId);
  });

  test('KILL QUERY ends a read, and the session lives on', async () => {
    const [victim, killer] = [await client(), await client()];
    const reading = answer(victim.query('SELECT id, SLEEP(60) FROM t'));
    await atWork(victim);
    await killer.query(`KILL QUERY ${victim.threadId}`);
    expect(await reading).toMatchObject({ errno: 1317, sqlState: '70100' });
    expect(await idOf(victim)).toBe(victim.threadId);
  });

  test('KILL QUERY ends a write that waits for a lock; nothing of it is anywhere', async () => {
    const [holder, victim, killer] = [await client(), await client(), await client()];
    await holder.beginTransaction();
    await holder.query('UPDATE t SET v = 20 WHERE id = 2');
    const writing = answer(victim.query('UPDATE t SET v = 99 WHERE id = 2'));
    await atWork(victim);
    await killer.query('SET @victim = ?', [victim.threadId]);
    await killer.query('KILL QUERY @victim');
    expect(await writing).toMatchObject({ errno: 1317 });
    await holder.commit();
    await victim.query('UPDATE t SET v = v + 1 WHERE id = 2');
    const [rows] = await victim.query<RowDataPacket[]>('SELECT v FROM t WHERE id = 2');
    expect(rows[0]?.['v']).toBe(21);
  });

  test('KILL QUERY in a transaction undoes the statement, not the transaction', async () => {
    const [holder, victim, killer] = [await client(), await client(), await client()];
    await victim.beginTransaction();
    await victim.query('UPDATE t SET v = 11 WHERE id = 1');
    await holder.beginTransaction();
    await holder.query('UPDATE t SET v = 22 WHERE id = 2');
    const writing = answer(victim.query('UPDATE t SET v = 99 WHERE id = 2'));
    await atWork(victim);
    await killer.query(`KILL QUERY ${victim.threadId}`);
    expect(await writing).toMatchObject({ errno: 1317 });
    await holder.rollback();
    await victim.commit();
    const [rows] = await victim.query<RowDataPacket[]>('SELECT v FROM t ORDER BY id');
    expect(rows.map(({ v }) => v)).toEqual([11, 21]);
  });

  test('KILL QUERY ends DDL', async () => {
    const [victim, killer] = [await client(), await client()];
    const { leader } = lockstep.balancer.control.status();
    const server = servers.servers.find(({ name }) => name === leader);
    const direct = await connectTo(server ?? { port: 0 }, { user: 'root', database: 'app' });
    await direct.query('BEGIN');
    await direct.query('SELECT * FROM t');
    const altering = answer(victim.query('ALTER TABLE t ADD COLUMN added INT'));
    await atWork(victim);
    await killer.query(`KILL QUERY ${victim.threadId}`);
    expect(await altering).toMatchObject({ errno: 1317 });
    await direct.end();
    const [columns] = await killer.query<RowDataPacket[]>('SHOW COLUMNS FROM t');
    expect(columns).toHaveLength(2);
  });

  test('KILL ends the session, and rolls back what it had open', async () => {
    const [victim, killer] = [await client(), await client()];
    await victim.beginTransaction();
    await victim.query('UPDATE t SET v = 99 WHERE id = 1');
    await killer.query(`KILL ${victim.threadId}`);
    await expect(victim.query('SELECT 1')).rejects.toThrow();
    await killer.query('UPDATE t SET v = 12 WHERE id = 1');
    expect((await processes()).map(({ Id }) => Id)).not.toContain(victim.threadId);
    const [busy] = [await client()];
    const reading = answer(busy.query('SELECT id, SLEEP(61) FROM t'));
    await atWork(busy);
    await killer.query(`KILL CONNECTION ${busy.threadId}`);
    // As on a server: it hears nothing more.
    expect(await reading).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
    await expect(busy.query('SELECT 1')).rejects.toThrow();
    await vi.waitUntil(async () => (await onNodes('SLEEP(61)')) === 0, deadlineMs);
  });

  test('whose session is whose', async () => {
    const [stranger, own] = [await client('other'), await client()];
    await expect(stranger.query(`KILL ${own.threadId}`)).rejects.toMatchObject({ errno: 1095 });
    await expect(stranger.query(`KILL ${nobody}`)).rejects.toMatchObject({ errno: 1094 });
    await expect(own.query('KILL QUERY CONNECTION_ID()')).rejects.toMatchObject({ errno: 1317 });
    expect(new Set((await processes(stranger)).map(({ User }) => User))).toEqual(
      new Set(['other']),
    );
    const seen = (await processes()).map(({ Id }) => Id);
    expect(seen).toEqual(expect.arrayContaining([stranger.threadId, own.threadId]));
    await admin.query(`KILL ${stranger.threadId}`);
    await expect(stranger.query('SELECT 1')).rejects.toThrow();
    const errno = engine.name === 'mysql' ? 1317 : 1927;
    await expect(own.query('KILL CONNECTION_ID()')).rejects.toMatchObject({ errno });
    await expect(own.query('SELECT 1')).rejects.toThrow();
  });

  test('KILL USER counts the sessions, its own too, which hears of it', async (context) => {
    if (engine.name === 'mysql') context.skip('MySQL has no KILL USER');
    const [first, second] = [await client('other'), await client('other')];
    const [killed] = await first.query<ResultSetHeader>('KILL QUERY USER other');
    expect(killed.affectedRows).toBe(2);
    const [ended] = await first.query<ResultSetHeader>('KILL USER other');
    expect(ended.affectedRows).toBe(2);
    await expect(first.query('SELECT 1')).rejects.toThrow();
    await expect(second.query('SELECT 1')).rejects.toThrow();
  });

  test('KILL QUERY ends one statement of a text, and those behind it if that fails', async () => {
    const [victim, killer] = [await client(), await client()];
    const running = answer(victim.query('SELECT 1; SELECT SLEEP(64); SELECT 3'));
    await atWork(victim);
    await vi.waitUntil(async () => (await onNodes('SELECT SLEEP(64)')) > 0, deadlineMs);
    await killer.query(`KILL QUERY ${victim.threadId}`);
    // MySQL's SLEEP() that is ended is 1, and no error.
    const expected =
      engine.name === 'mysql'
        ? [[[{ 1: 1 }], [{ 'SLEEP(64)': 1 }], [{ 3: 3 }]], expect.anything()]
        : { errno: 1317 };
    expect(await running).toMatchObject(expected);
    expect(await idOf(victim)).toBe(victim.threadId);
  });

  test('a client that vanishes takes its query and its transaction along', async () => {
    const [reader, writer, waiter] = [await client(), await client(), await client()];
    const reading = answer(reader.query('SELECT id, SLEEP(62) FROM t'));
    await writer.beginTransaction();
    await writer.query('UPDATE t SET v = 98 WHERE id = 1');
    const writing = answer(writer.query('UPDATE t SET v = SLEEP(0) + 97 WHERE id = 2'));
    await atWork(reader);
    reader.destroy();
    writer.destroy();
    const started = performance.now();
    await waiter.query('UPDATE t SET v = 13 WHERE id = 1');
    expect(performance.now() - started).toBeLessThan(5000);
    await vi.waitUntil(async () => (await onNodes('SLEEP(62)')) === 0, deadlineMs);
    void reading;
    void writing;
  });

  test('Ctrl-C in the command-line client ends the query', async ({ skip }) => {
    const args = ['-h127.0.0.1', `-P${lockstep.port}`, '-uapp', '-papp', '--ssl=0'];
    const tools = findEngine('mariadb');
    const select = tools?.tool('mariadb', [...args, 'app', '-e', 'SELECT id, SLEEP(63) FROM t']);
    const list = tools?.tool('mariadb-admin', [...args, 'processlist']);
    if (!select || !list) return skip('the client is not installed');
    const shell = spawn(select.file, [...select.argv]);
    const ended = new Promise((resolve) => shell.once('exit', resolve));
    await vi.waitUntil(async () => (await onNodes('SLEEP(63)')) > 0, deadlineMs);
    shell.kill('SIGINT');
    await ended;
    await vi.waitUntil(async () => (await onNodes('SLEEP(63)')) === 0, deadlineMs);
    const listed = await run(list.file, [...list.argv]);
    expect(listed.stdout).toContain('show processlist');
  });
});
