import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Balancer, createBalancer } from '../../src/balancer.ts';
import { givenConfig } from '../../src/cli/given-config.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';

describe.each(engines())('settings change while running, $name', (engine) => {
  let servers: TestServers;
  let folder: string;
  let file: string;
  let balancer: Balancer;
  let client: Connection;
  let clientId: unknown;

  /** The configuration file, with these lines and nodes. */
  const write = (lines: readonly string[], nodes: readonly string[]): Promise<void> => {
    const text = [
      'mysql: { port: 0 }',
      'http: { enabled: false }',
      `log: { folder: ${join(folder, 'log')} }`,
      'log_level: silent',
      ...lines,
      'nodes:',
      ...nodes.map((name) => {
        const port = servers.servers.find((server) => server.name === name)?.port;
        return `  - ${name}=mysql://root:root@127.0.0.1:${port}`;
      }),
    ];
    return writeFile(file, `${text.join('\n')}\n`);
  };
  const app = 'users: [{ name: app, password: app }]';
  const { settings } = { settings: () => balancer.control.settings };
  const valueOf = (path: string) =>
    settings()
      .status()
      .settings.find((one) => one.path === path);
  const numberOf = async (connection: Connection): Promise<unknown> => {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
    return rows[0]?.['id'];
  };

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    folder = await mkdtemp(join(tmpdir(), 'lockstep-settings-'));
    file = join(folder, 'lockstep.yaml');
    await write([app], ['mysql1', 'mysql2']);
    const given = { config: file };
    const { config, sources } = givenConfig(given);
    const origin = { sources, file, read: () => givenConfig(given) };
    balancer = await createBalancer(config, { origin });
    await vi.waitUntil(() => balancer.control.nodes().every(({ inSync }) => inSync), 30_000);
    client = await connectTo({ port: balancer.mysqlPort }, { user: 'app', password: 'app' });
    clientId = await numberOf(client);
  });

  afterAll(async () => {
    await client?.end();
    await balancer?.close();
    await servers?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('by path, with an event that says who, and what it was before', async () => {
    const events: unknown[] = [];
    const unsubscribe = balancer.control.events.subscribe((event) => void events.push(event));
    const { changed } = await settings().change(
      { strategy: 'round_robin', 'health.interval': '300ms', 'nodes.mysql2.weight': 9 },
      'ada',
    );
    unsubscribe();
    const paths = ['strategy', 'health.interval', 'nodes.mysql2.weight'];
    expect(changed.map(({ path }) => path)).toEqual(paths);
    const at = { kind: 'setting_changed', by: 'ada' };
    expect(events).toContainEqual(
      expect.objectContaining({ ...at, path: 'health.interval', from: '5s', to: '300ms' }),
    );
    expect(balancer.control.strategy().name).toBe('round_robin');
    expect(balancer.control.node('mysql2').weight).toBe(9);
    expect(valueOf('health.interval')).toMatchObject({ value: '300ms', source: 'run-time' });
    expect(settings().diff().differences).toEqual([
      { path: 'strategy', from: 'round_robin', to: 'least_time', changes: 'now' },
      { path: 'health.interval', from: '300ms', to: '5s', changes: 'now' },
      { path: 'nodes.mysql2.weight', from: 9, to: 1, changes: 'now' },
    ]);
  });

  test('all or nothing, with every reason', async () => {
    const set = {
      'limits.sessions': 5,
      min_in_sync: 3,
      'mysql.port': 3311,
      'nodes.mysql1.port': 1,
    };
    const refused = settings().change(set, 'ada');
    await expect(refused).rejects.toThrow(/min_in_sync: 3 nodes can never be in sync/);
    await expect(refused).rejects.toThrow(/mysql\.port: takes effect at a restart only/);
    await expect(refused).rejects.toThrow(/nodes\.mysql1\.port: .*lockstep nodes replace/);
    expect(valueOf('limits.sessions')).toMatchObject({ value: 10_000 });
  });

  test('limits and users hold for who comes next', async () => {
    await settings().change({ 'limits.sessions_per_user': 1 }, 'ada');
    const again = { user: 'app', password: 'app' };
    const port = { port: balancer.mysqlPort };
    await expect(connectTo(port, again)).rejects.toThrow(/limits\.sessions_per_user/);
    await settings().change({ 'limits.sessions_per_user': null, users: 'from_nodes' }, 'ada');
    const root = await connectTo(port, { user: 'root', password: 'root' });
    await root.end();
    await settings().change({ users: [{ name: 'root', password: 'root' }] }, 'ada');
    await expect(connectTo(port, again)).rejects.toThrow(/Access denied/);
    await settings().change({ users: [{ name: 'app', password: 'app' }] }, 'ada');
    await (await connectTo(port, again)).end();
  });

  test('connections to nodes keep to a limit that is lowered under load', async () => {
    const port = { port: balancer.mysqlPort };
    const account = { user: 'app', password: 'app' };
    const clients = await Promise.all(Array.from({ length: 8 }, () => connectTo(port, account)));
    const load = (): Promise<unknown> =>
      Promise.all(clients.map((one) => one.query('SELECT SLEEP(0.05)')));
    await load();
    await settings().change({ 'limits.connections_per_node': 1 }, 'ada');
    await load();
    // One for clients; health and followers have their own.
    const most = Math.max(...balancer.control.nodes().map(({ connections }) => connections));
    expect(most).toBeLessThanOrEqual(4);
    await settings().change({ 'limits.connections_per_node': 100 }, 'ada');
    await load();
    await Promise.all(clients.map((one) => one.end()));
  });

  test('the file holds again when it is read, and nodes come and go with it', async () => {
    await client.query('CREATE TABLE app.kept (id INT PRIMARY KEY)');
    await write(
      [app, 'no_node_timeout: 2s', 'acks: quorum', 'tls: { mode: required }'],
      [...['mysql1', 'mysql2', 'mysql3']],
    );
    const joined = await settings().reload('signal');
    expect(joined.nodes).toEqual([{ node: 'mysql3', change: 'added' }]);
    expect(valueOf('acks')).toMatchObject({ value: 'quorum', source: 'file' });
    expect(valueOf('strategy')).toMatchObject({ value: 'least_time', source: 'default' });
    expect(balancer.control.node('mysql2').weight).toBe(1);
    await vi.waitUntil(() => balancer.control.nodes().every(({ inSync }) => inSync), 60_000);
    const plain = { port: balancer.mysqlPort };
    const account = { user: 'app', password: 'app' };
    await expect(connectTo(plain, account)).rejects.toThrow(/only encrypted connections/);

    await write([app, 'mysql: { port: 0, host: 127.0.0.2 }'], ['mysql1', 'mysql3']);
    const text = `${app}\nlog: { folder: ${join(folder, 'other')} }\nhttp: { enabled: false }\n`;
    const nodes = ['mysql1', 'mysql3'].map((name) => {
      const server = servers.servers.find((one) => one.name === name);
      return `  - ${name}=mysql://root:root@127.0.0.1:${server?.port}`;
    });
    const left = await settings().apply(`${text}nodes:\n${nodes.join('\n')}\n`, 'ada');
    expect(left.nodes).toEqual([{ node: 'mysql2', change: 'removed' }]);
    expect(left.restart.map(({ path }) => path)).toContain('log.folder');
    expect(balancer.control.nodes().map(({ name }) => name)).toEqual(['mysql1', 'mysql3']);
  });

  test('a file that is not right changes nothing, and an event says so', async () => {
    await write([app, 'health: { fall: 0 }', 'acks: leader'], ['mysql1', 'mysql3']);
    const before = settings().status();
    await expect(settings().reload('signal')).rejects.toThrow(
      /lockstep\.yaml:\d+:\d+: health\.fall/,
    );
    expect(settings().status()).toEqual(before);
    // Whoever was connected at the start was never disconnected.
    expect(await numberOf(client)).toBe(clientId);
    const kinds = balancer.control.events.since(0).map(({ kind }) => kind);
    expect(kinds).toContain('settings_refused');
  });
});
