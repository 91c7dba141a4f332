import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import mysql, { type Connection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findEngine } from '../../src/demo/engine.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { holdAt } from '../support/hold-at.ts';

const run = promisify(execFile);
const lines = (from: number, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, at) => `${from + at}\ttext ${at}\n`).join(''));

describe.each(engines())('LOAD DATA LOCAL and its nodes, $name', extended, (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-load-'));
    await takeFiles(true);
    const extraArguments = [`--init-file=${join(folder, 'init.sql')}`];
    servers = await startServers({ engine, count: 3, extraArguments });
    lockstep = await startBalancer(servers, {
      users: ['app', 'root'].map((name) => ({ name, password: name })),
      nodes: servers.servers.map(({ name, port }, index) => ({
        name: name as never,
        host: '127.0.0.1',
        port,
        user: 'root',
        password: 'root',
        weight: 1,
        ...(index === 1 && { compression: 'zlib' as const }),
      })),
    });
    client = await connectTo(lockstep, { database: 'app' });
  });

  afterEach(async () => {
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });
  afterAll(async () => {
    client?.destroy();
    await lockstep?.close();
    await servers?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What a server does from its next start on. */
  const takeFiles = (on: boolean): Promise<void> =>
    writeFile(join(folder, 'init.sql'), `SET GLOBAL local_infile=${on ? 'ON' : 'OFF'};\n`);
  const load = async (connection: Connection, table: string, file: Buffer): Promise<string> => {
    const [result] = await connection.query<ResultSetHeader>({
      sql: `LOAD DATA LOCAL INFILE 'f' INTO TABLE ${table}`,
      infileStreamFactory: () => Readable.from([file]),
    });
    return result.info.slice(result.info.indexOf('Records'));
  };
  const count = async (table: string): Promise<number> => {
    const [rows] = await client.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${table}`);
    return Number(rows[0]?.['n']);
  };
  const make = (table: string): Promise<unknown> =>
    client.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, v VARCHAR(20))`);
  const server = (name: string) => servers.servers.find((one) => one.name === name)!;
  const leader = (): string =>
    lockstep.balancer.control.nodes().find(({ leader: leads }) => leads)?.name ?? '';
  const follower = (): string =>
    lockstep.balancer.control.nodes().find(({ leader: leads }) => !leads)?.name ?? '';

  test('a compressed client and node, over more packets than are counted', async () => {
    await make('squeezed');
    const squeezing = await mysql.createConnection({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      compress: true,
    });
    const file = lines(0, 50_000);
    const chunks = Array.from({ length: 600 }, (_, at) => {
      const size = Math.ceil(file.length / 600);
      return file.subarray(at * size, (at + 1) * size);
    });
    await squeezing.query({
      sql: "LOAD DATA LOCAL INFILE 'f' INTO TABLE squeezed",
      infileStreamFactory: () => Readable.from(chunks),
    });
    const [rows] = await squeezing.query('SELECT COUNT(*) AS n FROM squeezed');
    expect(rows).toEqual([{ n: 50_000 }]);
    await squeezing.end();
    await untilAllUp(lockstep);
  });

  test.for(['mariadb', 'mysql'] as const)('the tools of %s', async (tools, { skip }) => {
    await make(`by_${tools}`);
    const path = join(folder, `by_${tools}.txt`);
    await writeFile(path, lines(0, 100));
    const address = ['--no-defaults', '-h127.0.0.1', `-P${lockstep.port}`, '-uroot', '-proot'];
    const sql = `LOAD DATA LOCAL INFILE '${path}' INTO TABLE by_${tools}; SHOW WARNINGS`;
    const argv = [...address, '--local-infile=1', '-vvv', '-e', sql, 'app'];
    const command = findEngine(tools)?.tool(tools, argv);
    const importer = tools === 'mysql' ? 'mysqlimport' : 'mariadb-import';
    const fill = findEngine(tools)?.tool(importer, [...address, '--local', '-r', 'app', path]);
    if (!command) return skip(`the client ${tools} is not installed`);
    const { stdout } = await run(command.file, [...command.argv]);
    expect(stdout).toContain('Records: 100  Deleted: 0  Skipped: 0  Warnings: 0');
    if (!fill) return skip(`${importer} is not installed`);
    const imported = await run(fill.file, [...fill.argv]);
    expect(imported.stdout).toMatch(/Records: 100 {2}Deleted: (?:100|0) {2}Skipped: 0/);
    expect(await count(`by_${tools}`)).toBe(100);
  });

  test('a node that is away during the load gets it when it is back', async () => {
    await make('later');
    const name = follower();
    await server(name).kill();
    expect(await load(client, 'later', lines(0, 20_000))).toMatch(/^Records: 20000 /);
    await lockstep.restart();
    client = await connectTo(lockstep, { database: 'app' });
    await server(name).start();
    await untilAllUp(lockstep);
    expect(await count('later')).toBe(20_000);
  });

  test('a follower that dies in the middle of it replays it once', async () => {
    await make('again');
    const name = follower();
    const held = holdAt('follower.sent', name);
    const loading = load(client, 'again', lines(0, 20_000));
    await held.reached;
    await server(name).kill();
    held.release();
    await loading;
    await server(name).start();
    await untilAllUp(lockstep);
    expect(await count('again')).toBe(20_000);
  });

  test('a leader that dies in the middle of it costs the client nothing', async () => {
    await make('led');
    const name = leader();
    const held = holdAt('write.executed', name);
    const loading = load(client, 'led', lines(0, 20_000));
    await held.reached;
    await server(name).kill();
    held.release();
    expect(await loading).toBe('Records: 20000  Deleted: 0  Skipped: 0  Warnings: 0');
    await server(name).start();
    await untilAllUp(lockstep);
    expect(await count('led')).toBe(20_000);
  });

  test('a node that takes no files is named, before anything is loaded', async () => {
    await make('unwanted');
    const name = follower();
    const root = await connectTo(server(name), { user: 'root' });
    await root.query('SET GLOBAL local_infile=OFF');
    await expect(load(client, 'unwanted', lines(0, 10))).rejects.toMatchObject({
      errno: 3948,
      message: expect.stringContaining(`local_infile is OFF on node ${name}`),
    });
    await root.query('SET GLOBAL local_infile=ON');
    await load(client, 'unwanted', lines(0, 10));
    root.destroy();
  });

  test('a node that comes back and takes no files waits for it, and says so', async () => {
    await make('waited');
    const name = follower();
    const { control } = lockstep.balancer;
    await server(name).kill();
    await load(client, 'waited', lines(0, 10));
    const original = control.nodes().find((node) => node.name === name);
    expect(original?.pending).toBeGreaterThan(0);
    await takeFiles(false);
    await server(name).start();
    await takeFiles(true);
    await vi.waitFor(
      () => {
        const reasons = control.events
          .since(0)
          .flatMap((event) => (event.kind === 'recovery_failed' ? [event.reason] : []));
        expect(reasons).toContainEqual(expect.stringContaining(`OFF on node ${name}`));
      },
      { timeout: 30_000 },
    );
    const root = await connectTo(server(name), { user: 'root' });
    await root.query('SET GLOBAL local_infile=ON');
    root.destroy();
    await untilAllUp(lockstep);
    expect(await count('waited')).toBe(10);
  });
});
