import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/program.ts';
import type { LocalServer } from '../../src/demo/local-server.ts';
import type { NodeStatus } from '../../src/http/balancer-control.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike } from '../support/extended.ts';
import { type Load, until, workers } from '../support/load.ts';

describeAlike('nodes come and go while clients work', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let folder: string;
  const clients: Connection[] = [];
  let nextId = 1;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-members-'));
    servers = await startServers({ engine, count: 5 });
    const members = { ...servers, servers: servers.servers.slice(0, 3) };
    lockstep = await startBalancer(members, { minInSync: 2 });
    await untilUp('mysql1', 'mysql2', 'mysql3');
    const writer = await client();
    await writer.query('CREATE TABLE t (id INT PRIMARY KEY, client INT, n INT)');
    await writer.query('CREATE TABLE sums (client INT PRIMARY KEY, n INT)');
    await writer.query('INSERT INTO sums VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)');
  });

  afterAll(async () => {
    for (const one of clients.splice(0)) one.destroy();
    await lockstep?.close();
    await servers?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const control = () => lockstep.balancer.control;
  const server = (name: string): LocalServer => {
    const found = servers.servers.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`no server ${name}`);
    return found;
  };
  const url = (name: string, account = 'root:root'): string =>
    `mysql://${account}@127.0.0.1:${server(name).port}/app`;
  const client = async (port = lockstep.port, user = 'app'): Promise<Connection> => {
    const connection = await connectTo({ port }, { user, database: 'app' });
    connection.on('error', () => {});
    clients.push(connection);
    return connection;
  };
  const places = (): string[] =>
    control()
      .nodes()
      .map(({ name, address }) => `${name} ${address}`)
      .sort();
  const names = (): string[] => places().map((place) => place.split(' ')[0] ?? '');
  const stateOf = (name: string): string => {
    const { state, reason } = control().node(name);
    return state === 'UP' ? state : `${state}: ${reason}`;
  };
  const untilUp = async (...list: string[]): Promise<void> => {
    for (const name of list) {
      await vi.waitFor(() => expect(stateOf(name)).toBe('UP'), { timeout: 30_000, interval: 20 });
    }
  };
  const addedBy = (name: string): string[] =>
    control()
      .events.since(0)
      .flatMap((event) => (event.kind === 'node_added' && event.node === name ? event.by : []));

  /** The command as an operator runs it. */
  const run = async (...argv: string[]): Promise<{ code: number; text: string }> => {
    const lines: string[] = [];
    const ended = { code: 0 };
    await runCommandLine(['--url', `http://127.0.0.1:${lockstep.balancer.httpPort}`, ...argv], {
      say: (text) => void lines.push(text),
      complain: (text) => void lines.push(text),
      width: 120,
      setExitCode: (code) => (ended.code = code),
    });
    return { ...ended, text: lines.join('\n') };
  };
  const done = async (...argv: string[]): Promise<string> => {
    const { code, text } = await run(...argv);
    expect(code, text).toBe(0);
    return text;
  };

  /** Six clients that read, write and run transactions; one failed statement fails `stop`. */
  const load = async (): Promise<Load> => {
    const own = await Promise.all(Array.from({ length: 6 }, () => client()));
    const working = workers(own.length, async (index) => {
      const connection = own[index]!;
      const id = nextId++;
      await connection.query(`INSERT INTO t VALUES (${id}, ${index}, 0)`);
      await connection.query('BEGIN');
      await connection.query(`UPDATE t SET n = n + 1 WHERE id = ${id}`);
      await connection.query(`UPDATE sums SET n = n + 1 WHERE client = ${index}`);
      await connection.query('COMMIT');
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT n FROM t WHERE id = ${id}`);
      expect(rows).toEqual([{ n: 1 }]);
    });
    return working;
  };
  /** Until the clients have got further by so many rounds. */
  const progress = (working: Load, rounds = 20): Promise<void> => {
    const from = working.done;
    return until(() => working.done >= from + rounds);
  };

  test('an empty server is filled, a follower and the leader leave and return', async () => {
    const working = await load();
    await progress(working);
    const text = await done('nodes', 'add', `mysql4=${url('mysql4')}?weight=3`);
    expect(text).toMatch(/mysql4 is in sync$/);
    expect(control().node('mysql4')).toMatchObject({ weight: 3, state: 'UP' });
    await progress(working);

    const leader = control().status().leader ?? '';
    const follower = names().find((name) => name !== leader && name !== 'mysql4') ?? '';
    await done('nodes', 'remove', follower);
    await progress(working);
    expect(await done('nodes', 'remove', leader)).toBe(`${leader} is no node any more; 2 are left`);
    await progress(working);
    expect(names()).not.toContain(leader);
    expect(control().status().leader).not.toBe(leader);
    const metrics = await control().metrics();
    expect(metrics).not.toContain(`node="${leader}"`);
    expect(metrics).toContain('node="mysql4"');

    await done('nodes', 'add', `${leader}=${url(leader)}`);
    await done('nodes', 'add', `${follower}=${url(follower)}`);
    await progress(working);
    await working.stop();
    expect(addedBy('mysql4')).toEqual(['copy']);
    expect([addedBy(leader), addedBy(follower)]).toEqual([['replay'], ['replay']]);
    await done('nodes', 'remove', 'mysql4');
    await untilUp('mysql1', 'mysql2', 'mysql3');
    await expectEqualNodes(servers.servers.slice(0, 3));
  });

  test('with --force nothing is waited for: an open transaction is lost, and told so', async () => {
    const slow = await client();
    await slow.query('BEGIN');
    await slow.query(`INSERT INTO t VALUES (${nextId++}, 7, 0)`);
    const leader = control().status().leader ?? '';
    await done('nodes', 'remove', leader, '--force');
    await expect(slow.query('COMMIT')).rejects.toMatchObject({ errno: 1213 });
    const quick = await client();
    await quick.query(`INSERT INTO t VALUES (${nextId++}, 8, 0)`);
    await done('nodes', 'add', `${leader}=${url(leader)}`);
    await expectEqualNodes(servers.servers.slice(0, 3));
    const [rows] = await quick.query('SELECT client FROM t WHERE client IN (7, 8)');
    expect(rows).toEqual([{ client: 8 }]);
  });

  test('a server that holds data is refused, and filled when told to', async () => {
    const there = await client(server('mysql5').port, 'root');
    await there.query('CREATE TABLE app.precious (id INT PRIMARY KEY)');
    await there.query('INSERT INTO app.precious VALUES (1), (2)');
    const refused = await run('nodes', 'add', `mysql5=${url('mysql5')}`);
    expect(refused.code).toBe(1);
    expect(refused.text).toMatch(/holds data of its own:\n.*mysql5/);
    expect(refused.text).toMatch(/app\.precious +missing +2 rows/);
    expect(refused.text).toMatch(/--resync/);
    expect(names()).not.toContain('mysql5');
    const [rows] = await there.query('SELECT * FROM app.precious');
    expect(rows).toHaveLength(2);
    await done('nodes', 'add', `mysql5=${url('mysql5')}`, '--resync');
    await expectEqualNodes([server('mysql1'), server('mysql5')]);
    // Equal, and nothing says from where: as if it had been restored from a backup.
    await done('nodes', 'remove', 'mysql5');
    await there.query('DROP DATABASE lockstep');
    await done('nodes', 'add', `mysql5=${url('mysql5')}`);
    expect(addedBy('mysql5')).toEqual(['copy', 'equal']);
    await (await client()).query(`INSERT INTO t VALUES (${nextId++}, 0, 0)`);
    await done('nodes', 'remove', 'mysql5');
    await there.query('DROP DATABASE app');
    await there.query('CREATE DATABASE app');
  });

  test('what would lose data or confuse servers is refused, without a password', async () => {
    const other = server('mysql1').port;
    const cases: [string[], RegExp][] = [
      [
        ['add', `mysql1=${url('mysql4')}`],
        /there is a node named mysql1 already: .* replace mysql1 <url>/,
      ],
      [['add', `again=${url('mysql1')}`], /is the server of mysql1/],
      [['add', `again=mysql://root:root@localhost:${other}`], /is the server of mysql1/],
      [['add', `mysql4=${url('mysql4', 'root:wrong-secret')}`], /cannot be used: .*denied/i],
      [['add', 'mysql4=mysql://root:wrong-secret@127.0.0.1:1'], /cannot be used/],
      [['add', 'mysql4=mysql://root:wrong-secret@127.0.0.1:x'], /not an address/],
      [['add', 'root:wrong-secret@127.0.0.1'], /expected a name before/],
      [['remove', 'mysql9'], /no node named mysql9/],
      [['replace', 'mysql2', url('mysql2')], /is the server of mysql2/],
    ];
    for (const [argv, message] of cases) {
      const { code, text } = await run('nodes', ...argv);
      expect(code, text).toBeGreaterThan(0);
      expect(text).toMatch(message);
      expect(text).not.toMatch(/wrong-secret/);
    }
    expect(names()).toEqual(['mysql1', 'mysql2', 'mysql3']);
    expect(JSON.stringify(control().events.since(0))).not.toMatch(/wrong-secret|root:root/);
    await done('nodes', 'remove', 'mysql3');
    const { code, text } = await run('nodes', 'remove', 'mysql2', '--force');
    expect(code).toBe(1);
    expect(text).toMatch(/without mysql2 1 of 1 nodes would be in sync, and writes need 2/);
    await done('nodes', 'add', `mysql3=${url('mysql3')}`);
  });

  test('HTTP has the same operations, and their description', async () => {
    const base = `http://127.0.0.1:${lockstep.balancer.httpPort}`;
    const openapi = (await (await fetch(`${base}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    expect(openapi.paths['/nodes']?.['post']?.operationId).toBe('addNode');
    expect(openapi.paths['/nodes/{name}']?.['put']?.operationId).toBe('replaceNode');
    const added = await fetch(`${base}/nodes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mysql5', url: url('mysql5', 'root'), password: 'root' }),
    });
    expect(added.status).toBe(202);
    expect(await added.text()).not.toMatch(/password|root/);
    await untilUp('mysql5');
    const removed = await fetch(`${base}/nodes/mysql5`, { method: 'DELETE' });
    expect(removed.status).toBe(200);
    const left = (await removed.json()) as NodeStatus[];
    expect(left.map(({ name }) => name)).not.toContain('mysql5');
  });

  test('a copy that a restart interrupts is made after it', async () => {
    const node = { name: 'mysql5', url: url('mysql5'), resync: true };
    await control().addNode(node);
    expect(control().node('mysql5').state).toBe('RESYNCING');
    await lockstep.restart();
    await untilUp('mysql1', 'mysql2', 'mysql3', 'mysql5');
    await expectEqualNodes([server('mysql1'), server('mysql5')]);
    await done('nodes', 'remove', 'mysql5');
  });

  test('a dead node is replaced, and a restart finds the members as they were left', async () => {
    const working = await load();
    await progress(working);
    const dead =
      control()
        .nodes()
        .find(({ leader }) => !leader)?.name ?? '';
    await server(dead).kill();
    await until(() => control().node(dead).state === 'DOWN');
    expect((await run('nodes', 'remove', dead)).text).toMatch(/is DOWN.*--force/);
    const secret = join(folder, 'secret');
    await writeFile(secret, 'root\n');
    const address = url('mysql4', 'root');
    await done('nodes', 'replace', dead, address, '--resync', '--password-file', secret);
    await progress(working);
    await working.stop();
    expect(control().node(dead).address).toBe(`127.0.0.1:${server('mysql4').port}`);
    await done('nodes', 'add', `mysql5=${url('mysql5')}`);

    const before = places();
    await lockstep.restart();
    await untilUp(...names());
    expect(places()).toEqual(before);
    const warnings = control()
      .events.since(0)
      .filter(({ kind }) => kind === 'members_warning');
    expect(warnings).toMatchObject([{ message: expect.stringMatching(/mysql5 .* was added/) }]);
    const file = join(lockstep.config.log.folder, 'members.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: 1 });
    const live = ['mysql1', 'mysql2', 'mysql3', 'mysql4', 'mysql5'].filter((name) => name !== dead);
    await expectEqualNodes(live.map(server));

    // The configuration is edited: of the names in it, its word is now the later one.
    await lockstep.restartWith((config) => ({
      ...config,
      nodes: live.slice(0, 3).map((name) => nodeOf(config.nodes[0]!, name)),
    }));
    expect(names()).toEqual(live.toSorted());
  });

  const nodeOf = <T extends { port: number }>(like: T, name: string): T => ({
    ...like,
    name,
    port: server(name).port,
  });
});
