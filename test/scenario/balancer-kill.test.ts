import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePorts } from '../../src/demo/free-port.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

describe.each(engines())('a balancer that is killed under load, $name', (engine) => {
  let servers: TestServers;
  let folder: string;
  let child: ChildProcess | undefined;
  let port = 0;

  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [main, 'serve', '--config', join(folder, 'lockstep.yaml')], {
      stdio: 'ignore',
    });
    await vi.waitFor(
      async () => {
        const client = await connectTo({ port }, { database: 'app' });
        await client.end();
      },
      { timeout: 30_000, interval: 50 },
    );
  };

  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      if (!child) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    folder = await mkdtemp(join(tmpdir(), 'lockstep-kill-'));
    const [mysqlPort = 0, httpPort = 0] = await freePorts(2);
    port = mysqlPort;
    const nodes = servers.servers.map(
      (server) => `  - ${server.name}=mysql://root:root@127.0.0.1:${server.port}/app`,
    );
    const lines = [
      `mysql: { port: ${port} }`,
      `http: { port: ${httpPort} }`,
      `log: { folder: ${join(folder, 'log')} }`,
      'users: [{ name: app, password: app }]',
      'nodes:',
      ...nodes,
    ];
    await writeFile(join(folder, 'lockstep.yaml'), `${lines.join('\n')}\n`);
    await start();
  });

  afterAll(async () => {
    await kill();
    await servers.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('keeps every acknowledged write, once, on all nodes', { timeout: 120_000 }, async () => {
    const setup = await connectTo({ port }, { database: 'app' });
    await setup.query('CREATE TABLE k (id INT PRIMARY KEY, n INT)');
    await setup.end();
    const acknowledged = new Set<number>();
    let next = 0;
    const writeUntilLost = async (client: Connection): Promise<void> => {
      client.on('error', () => {});
      try {
        for (;;) {
          const id = ++next;
          await client.query(`INSERT INTO k VALUES (${id}, 1)`);
          acknowledged.add(id);
        }
      } catch {
        client.destroy();
      }
    };
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all(
        Array.from({ length: 8 }, () => connectTo({ port }, { database: 'app' })),
      );
      const before = acknowledged.size;
      const writers = clients.map(writeUntilLost);
      await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before + 50);
      await kill();
      await Promise.all(writers);
      await start();
    }
    const client = await connectTo({ port }, { database: 'app' });
    // A write runs when all nodes have caught up with what was in the log at the start.
    await client.query('INSERT INTO k VALUES (0, 0)');
    const [rows] = await client.query<RowDataPacket[]>('SELECT id FROM k');
    const found = new Set(rows.map((row) => row['id'] as number));
    expect([...acknowledged].filter((id) => !found.has(id))).toEqual([]);
    await client.end();
    await expect
      .poll(() => expectEqualNodes(servers.servers).then(() => 'equal', String), {
        timeout: 30_000,
      })
      .toBe('equal');
  });
});
