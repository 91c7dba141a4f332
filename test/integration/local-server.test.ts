import { readFile, writeFile } from 'node:fs/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { LocalServer } from '../../src/demo/local-server.ts';
import { connectTo, expectEqualNodes, startServers } from '../support/cluster.ts';
import { describeAlike, extended } from '../support/extended.ts';

async function names(server: LocalServer): Promise<string[]> {
  const connection = await connectTo(server, { database: 'app' });
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT name FROM users ORDER BY id');
    return rows.map((row) => String(row['name']));
  } finally {
    await connection.end();
  }
}

async function run(server: LocalServer, ...statements: string[]): Promise<void> {
  const connection = await connectTo(server, { user: 'root', database: 'app' });
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

const createUsers = 'CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40))';

describeAlike('a local server', (engine) => {
  test('keeps committed data over an orderly stop and over kill -9', async () => {
    await using cluster = await startServers({ engine, count: 1 });
    const [server] = cluster.servers as [LocalServer];
    await run(server, createUsers, "INSERT INTO users (name) VALUES ('Ada')");
    await server.stop();
    expect(server.running).toBe(false);
    await server.start();
    expect(await names(server)).toEqual(['Ada']);

    const open = await connectTo(server, { database: 'app' });
    open.on('error', () => {
      // It breaks, as it should, when the server is killed.
    });
    await open.query('BEGIN');
    await open.query("INSERT INTO users (name) VALUES ('never committed')");
    await run(server, "INSERT INTO users (name) VALUES ('Grace')");
    await server.kill();
    open.destroy();
    await server.start();
    expect(await names(server)).toEqual(['Ada', 'Grace']);
  });

  test('tells of its end, and whether it was asked for', async () => {
    await using cluster = await startServers({ engine, count: 1 });
    const [server] = cluster.servers as [LocalServer];
    const exits: unknown[] = [];
    server.onExit((exit) => exits.push(exit));
    await server.kill();
    await server.start();
    const crashed = new Promise<void>((resolve) => server.onExit(() => resolve()));
    process.kill(server.pid as number, 'SIGKILL');
    await crashed;
    expect(exits).toEqual([
      { code: null, signal: 'SIGKILL', expected: true },
      { code: null, signal: 'SIGKILL', expected: false },
    ]);
  });

  test('answers nothing while paused, goes on after it, and can be stopped paused', async () => {
    await using cluster = await startServers({ engine, count: 1 });
    const [server] = cluster.servers as [LocalServer];
    const connection = await connectTo(server);
    connection.on('error', () => {
      // The last pause ends with a stop.
    });
    await server.pause();
    let answered = false;
    const answer = connection.query('SELECT 1').then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answered).toBe(false);
    server.resume();
    await answer;
    await server.pause();
    await server.stop();
    expect(server.running).toBe(false);
    connection.destroy();
  });

  test('names a port that is taken, and shows its log when it cannot start', extended, async () => {
    await using cluster = await startServers({ engine, count: 1 });
    const [first] = cluster.servers as [LocalServer];
    const folder = `${cluster.folder}/other`;
    const second = await LocalServer.create({ engine, name: 'second', port: first.port, folder });
    await expect(second.start()).rejects.toThrow(`port ${first.port} `);
    await first.stop();
    const broken = await LocalServer.create({
      engine,
      name: 'broken',
      port: first.port,
      folder,
      extraArguments: ['--no-such-option=1'],
    });
    await expect(broken.start()).rejects.toThrow('no-such-option');
    expect(broken.running).toBe(false);
  });

  test(
    'takes the place of an orphan, never of a server whose starter lives',
    extended,
    async () => {
      await using cluster = await startServers({ engine, count: 1 });
      const [first] = cluster.servers as [LocalServer];
      await run(first, createUsers, "INSERT INTO users (name) VALUES ('Ada')");
      const { folder, port } = first;
      const second = await LocalServer.create({ engine, name: 'second', port, folder });
      await expect(second.start()).rejects.toThrow(`${folder} is in use: process ${process.pid}`);
      expect(first.running).toBe(true);

      // As if another process had started it, and had then been killed with no trace left.
      const note = JSON.parse(await readFile(`${folder}/process.json`, 'utf8')) as object;
      const owner = { pid: 4_194_303, startedAt: 'never' };
      await writeFile(`${folder}/process.json`, JSON.stringify({ ...note, owner }));
      await second.start();
      expect(first.running).toBe(false);
      expect(await names(second)).toEqual(['Ada']);
      await second.stop();
    },
  );

  test('checksums find a differing row, a NULL for an empty string, and a definition', async () => {
    await using cluster = await startServers({ engine, count: 2 });
    const [left, right] = cluster.servers as [LocalServer, LocalServer];
    for (const server of [left, right]) {
      await run(server, createUsers, "INSERT INTO users (name) VALUES ('a'), (NULL), ('c')");
    }
    await expectEqualNodes(cluster.servers);
    await run(right, "UPDATE users SET name = '' WHERE id = 2");
    await expect(expectEqualNodes(cluster.servers)).rejects.toThrow(
      'only on mysql2: {"id":2,"name":""}',
    );
    await run(right, 'UPDATE users SET name = NULL WHERE id = 2');
    await expectEqualNodes(cluster.servers);
    await run(right, 'ALTER TABLE users ADD COLUMN age INT');
    await expect(expectEqualNodes(cluster.servers)).rejects.toThrow('app.users: defined diff');
  });
});
