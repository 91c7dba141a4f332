import { execFile } from 'node:child_process';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEngine } from '../../src/demo/engine.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

const denied = { errno: 1045 };

describe.each(engines())('users: from_nodes, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let root: mysql.Connection;
  const mariadb = engine.name === 'mariadb';

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    await onEveryNode(
      ...(mariadb
        ? [
            "INSTALL SONAME 'auth_ed25519'",
            "CREATE USER special@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret')",
          ]
        : ["CREATE USER special@'%' IDENTIFIED WITH sha256_password BY 'secret'"]),
      "GRANT ALL ON app.* TO special@'%'",
    );
    lockstep = await startBalancer(servers, { users: 'from_nodes' });
    root = await connect('root', 'root');
    for (const sql of [
      "CREATE USER ann@'%' IDENTIFIED BY 'first'",
      "CREATE USER blank@'%'",
      "GRANT ALL ON app.* TO ann@'%'",
      "GRANT SELECT ON app.* TO blank@'%'",
      'CREATE DATABASE other',
      'CREATE TABLE app.t (id INT PRIMARY KEY)',
    ]) {
      await root.query(sql);
    }
  });

  afterAll(async () => {
    await root?.end();
    await lockstep?.close();
    await servers?.close();
  });

  const onEveryNode = (...statements: string[]) =>
    Promise.all(
      servers.servers.map(async (server) => {
        const direct = await connectTo(server, { user: 'root' });
        for (const sql of statements) await direct.query(sql);
        await direct.end();
      }),
    );

  const connect = (user: string, password: string, options: mysql.ConnectionOptions = {}) =>
    mysql.createConnection({ host: '127.0.0.1', port: lockstep.port, user, password, ...options });

  const account = async (client: mysql.Connection): Promise<unknown> => {
    const [rows] = await client.query<RowDataPacket[]>('SELECT CURRENT_USER() AS account');
    return rows[0]?.['account'];
  };

  /** Logs in, asks who it is, and leaves. */
  const whoIs = async (...login: Parameters<typeof connect>): Promise<unknown> => {
    const client = await connect(...login);
    const found = await account(client);
    await client.end();
    return found;
  };

  const tls = { ssl: { rejectUnauthorized: false } };

  test('an account logs in with what the nodes know, and has its rights there', async () => {
    expect(await whoIs('ann', 'first')).toBe('ann@%');
    expect(await whoIs('ann', 'first', tls)).toBe('ann@%');
    const ann = await connect('ann', 'first', { database: 'app' });
    await ann.query('INSERT INTO t VALUES (1)');
    await ann.beginTransaction();
    await ann.query('INSERT INTO t VALUES (2)');
    await ann.commit();
    await expect(ann.query('CREATE TABLE other.t (id INT)')).rejects.toMatchObject({ errno: 1142 });
    await ann.end();
    await expectEqualNodes(servers.servers);
  });

  test('an account whose plugin has no use for a client of ours gives its password', async () => {
    expect(await whoIs('special', 'secret', tls)).toBe('special@%');
    // By RSA, now that it is known without asking a node.
    expect(await whoIs('special', 'secret')).toBe('special@%');
    await expect(connect('special', 'wrong')).rejects.toMatchObject(denied);
  });

  test('who has no password may not write what the account may not', async () => {
    const blank = await connect('blank', '', { database: 'app' });
    expect(await account(blank)).toBe('blank@%');
    await blank.query('SELECT * FROM t');
    await expect(blank.query('INSERT INTO t VALUES (9)')).rejects.toMatchObject({ errno: 1142 });
    await blank.end();
  });

  test.each([
    ['ann', 'wrong'],
    ['ann', ''],
    ['blank', 'x'],
    ['nobody', 'x'],
    ['nobody', ''],
  ])('%s with the password "%s" is denied', async (user, password) => {
    await expect(connect(user, password)).rejects.toMatchObject(denied);
    await expect(connect(user, password, tls)).rejects.toMatchObject(denied);
  });

  test('a password changed through us holds at once; who is in stays in', async () => {
    const before = await connect('ann', 'first', { database: 'app' });
    await root.query("ALTER USER ann@'%' IDENTIFIED BY 'second'");
    await expect(connect('ann', 'first')).rejects.toMatchObject(denied);
    expect(await whoIs('ann', 'second')).toBe('ann@%');
    await before.query('INSERT INTO t VALUES (3)');
    await before.query('SELECT * FROM t');
    await before.end();
    const ann = await connect('ann', 'second');
    await ann.query(mariadb ? "SET PASSWORD = PASSWORD('third')" : "SET PASSWORD = 'third'").catch(
      // On MySQL one's own password takes CREATE USER through us (COMPATIBILITY.md).
      () => root.query("ALTER USER ann@'%' IDENTIFIED BY 'third'"),
    );
    await ann.end();
    await expect(connect('ann', 'second')).rejects.toMatchObject(denied);
    expect(await whoIs('ann', 'third')).toBe('ann@%');
  });

  test('a password changed on the nodes themselves is taken too', async () => {
    expect(await whoIs('ann', 'third')).toBe('ann@%');
    await onEveryNode("ALTER USER ann@'%' IDENTIFIED BY 'fourth'");
    expect(await whoIs('ann', 'fourth')).toBe('ann@%');
    await expect(connect('ann', 'third')).rejects.toMatchObject(denied);
    expect(await whoIs('ann', 'fourth')).toBe('ann@%');
  });

  test('rights that are given and taken hold for who logs in next', async () => {
    await expect(connect('ann', 'fourth', { database: 'other' })).rejects.toMatchObject({
      errno: 1044,
    });
    await root.query("REVOKE ALL PRIVILEGES, GRANT OPTION FROM ann@'%'");
    await root.query("GRANT ALL ON other.* TO ann@'%'");
    await root.query("GRANT PROCESS ON *.* TO ann@'%'");
    const ann = await connect('ann', 'fourth', { database: 'other' });
    await ann.query('CREATE TABLE mine (id INT PRIMARY KEY)');
    // REVOKE took the right to the marker row as well.
    await ann.query('INSERT INTO mine VALUES (1)');
    const [rows] = await ann.query<RowDataPacket[]>('SHOW PROCESSLIST');
    expect(rows.some((row) => row['User'] === 'root')).toBe(true);
    await ann.end();
    await expectEqualNodes(servers.servers);
  });

  test('SQL over HTTP runs as the account of the nodes', async () => {
    const response = await fetch(`http://127.0.0.1:${lockstep.balancer.httpPort}/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql: "SELECT SUBSTRING_INDEX(USER(), '@', 1)" }),
    });
    expect(await response.json()).toMatchObject({ rows: [['root']] });
  });

  test.for(['mariadb', 'mysql'] as const)('the client %s logs in', async (client, { skip }) => {
    if (mariadb && client === 'mysql') {
      skip('the client of MySQL 9 cannot log in to MariaDB, which offers only native');
    }
    const off = {
      mariadb: ['--skip-ssl'],
      mysql: ['--ssl-mode=DISABLED', '--get-server-public-key'],
    };
    const on = { mariadb: ['--ssl'], mysql: ['--ssl-mode=REQUIRED'] };
    const user = `at_${client}`;
    const who = `${user}@%`;
    await root.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'fourth'`);
    const run = (password: string, options: readonly string[]): Promise<string> | undefined => {
      const login = [`-u${user}`, `-P${lockstep.port}`];
      const address = ['--no-defaults', '-h127.0.0.1', ...login];
      const query = [...options, `-p${password}`, '-Ne', 'SELECT CURRENT_USER()'];
      const command = findEngine(client)?.tool(client, [...address, ...query]);
      if (!command) return undefined;
      return new Promise((resolve) => {
        execFile(command.file, [...command.argv], (_error, output, errors) =>
          resolve(output.trim() || errors.replace(/^.*password on the command.*\n/m, '')),
        );
      });
    };
    if (!(await run('wrong', on[client]))) skip(`there is no ${client} on this machine`);
    expect(await run('wrong', on[client])).toContain('ERROR 1045');
    if (client === 'mysql' || mariadb) expect(await run('fourth', off[client])).toBe(who);
    // Its library would send the password in clear.
    else expect(await run('fourth', off[client])).toContain('connect with TLS');
    expect(await run('fourth', on[client])).toBe(who);
    expect(await run('fourth', off[client])).toBe(who);
    // What is known is asked about again, and not forgotten, when accounts are changed.
    await root.query("CREATE USER beside@'%'");
    await root.query("DROP USER beside@'%'");
    expect(await run('fourth', off[client])).toBe(who);
  });

  test('an account that is dropped is gone', async () => {
    expect(await whoIs('ann', 'fourth')).toBe('ann@%');
    await root.query("DROP USER ann@'%'");
    await expect(connect('ann', 'fourth')).rejects.toMatchObject(denied);
  });
});
