import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { type LoadCase, loadCases, loadStatement } from '../support/load-cases.ts';

const loadDataBytes = 4 * 1024 * 1024;
const streamOf = (file: readonly (Buffer | string)[]): Readable =>
  Readable.from(file.map((chunk) => Buffer.from(chunk)));

const isCommon = ({ rare }: LoadCase): boolean => rare !== true;

describe.each(engines())('LOAD DATA LOCAL, $name', (engine) => {
  let alone: TestServers;
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  let direct: Connection;

  beforeAll(async () => {
    const extraArguments = ['--local-infile=1'];
    [alone, servers] = await Promise.all([
      startServers({ engine, count: 1, extraArguments }),
      startServers({ engine, count: 3, extraArguments }),
    ]);
    lockstep = await startBalancer(servers, {
      limits: { ...defaultConfig.limits, loadDataBytes },
    });
    client = await connectTo(lockstep, { database: 'app' });
    direct = await connectTo(alone.servers[0]!, { database: 'app' });
  });

  afterEach(async () => {
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });
  afterAll(async () => {
    client?.destroy();
    direct?.destroy();
    await lockstep?.close();
    await servers?.close();
    await alone?.close();
  });

  const load = async (
    connection: Connection,
    sql: string,
    file: readonly (Buffer | string)[],
  ): Promise<ResultSetHeader> => {
    const [result] = await connection.query<ResultSetHeader>({
      sql,
      infileStreamFactory: () => streamOf(file),
    });
    return result;
  };
  const filesOfLog = (): Promise<string[]> =>
    readdir(join(lockstep.config.log.folder, 'files')).catch(() => []);
  const rowsOf = async (connection: Connection, sql: string): Promise<RowDataPacket[]> => {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  };
  /** What a client can learn of a load. */
  const learn = async (connection: Connection, sql: string, table: string, file: Buffer) => {
    const chunks = file.length > 0 ? [file] : [];
    const { info, affectedRows, warningStatus } = await load(connection, sql, chunks);
    return {
      // The driver takes the length of the text for a part of it.
      info: info.slice(info.indexOf('Records')),
      affectedRows,
      warningStatus,
      warnings: await rowsOf(connection, 'SHOW WARNINGS'),
      left: await rowsOf(connection, 'SELECT LAST_INSERT_ID() AS id, ROW_COUNT() AS rows_, @x, @y'),
      rows: await rowsOf(connection, `SELECT * FROM ${table}`),
    };
  };

  const compare = async (cases: readonly LoadCase[]): Promise<void> => {
    for (const { name, tables, clauses, file, session = [] } of cases) {
      const table = `t${loadCases.findIndex((one) => one.name === name)}`;
      const found = [];
      for (const one of [direct, client]) {
        const before = [
          "SET timestamp=1700000000.5, @x=NULL, @y='y', sql_mode=DEFAULT, NAMES utf8mb4",
          ...tables.map((text) => text.replaceAll('%t', table)),
          ...session,
        ];
        for (const text of before) await one.query(text);
        found.push(await learn(one, loadStatement(table, clauses), table, Buffer.from(file)));
      }
      expect.soft(found[1], name).toEqual(found[0]);
    }
    for (const one of [direct, client]) await one.query('SET timestamp=DEFAULT, sql_mode=DEFAULT');
  };

  test('what it does and tells is as on a server', () => compare(loadCases.filter(isCommon)));
  test('so are rare forms', extended, () => compare(loadCases.filter((one) => !isCommon(one))));

  test('ids that are given to some rows only are the same on every node', async () => {
    await client.query('CREATE TABLE mixed (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
    const file = ['10\t1\n\\N\t2\n5\t3\n0\t4\n', '90\t5\n\\N\t6\n'];
    await load(client, loadStatement('mixed', '(id, a)'), file);
    const rows = await rowsOf(client, 'SELECT * FROM mixed ORDER BY a');
    const [{ id } = { id: 0 }] = await rowsOf(client, 'SELECT LAST_INSERT_ID() AS id');
    expect(rows.map((row) => row['id'])).toEqual([10, id, 5, id + 1, 90, expect.any(Number)]);
    await client.beginTransaction();
    const within = load(client, loadStatement('mixed', '(a)'), ['7\n']);
    if (engine.name === 'mysql') await expect(within).rejects.toThrow(/outside a transaction/);
    else await within;
    await load(client, loadStatement('mixed', ''), ['200\t8\n', '201\t9\n']);
    await client.commit();
    const n = engine.name === 'mysql' ? 8 : 9;
    expect(await rowsOf(client, 'SELECT COUNT(*) AS n FROM mixed')).toEqual([{ n }]);
  });

  test('XML', async () => {
    await client.query('CREATE TABLE parts (id INT PRIMARY KEY, v VARCHAR(20))');
    const sql = loadStatement('parts', "INTO TABLE %t ROWS IDENTIFIED BY '<part>'", 'XML');
    await load(client, sql, ['<part id="1" v="one"/><part><id>2</id><v>two</v></part>']);
    expect(await rowsOf(client, 'SELECT * FROM parts')).toEqual([
      { id: 1, v: 'one' },
      { id: 2, v: 'two' },
    ]);
  });

  test('in a transaction it is part of it, and undone alone when it is refused', async () => {
    await client.query('CREATE TABLE part (id INT PRIMARY KEY, n INT)');
    await client.beginTransaction();
    await client.query('INSERT INTO part VALUES (1, 1)');
    await load(client, loadStatement('part', ''), ['2\t2\n', '3\t3\n']);
    await client.query('SAVEPOINT one');
    await load(client, loadStatement('part', ''), ['4\t4\n']);
    await client.query('ROLLBACK TO one');
    await expect(
      load(client, loadStatement('part', '(id, nothing)'), ['4\t4\n']),
    ).rejects.toMatchObject({ errno: 1054 });
    await client.commit();
    await client.beginTransaction();
    await load(client, loadStatement('part', ''), ['5\t5\n']);
    await client.rollback();
    expect(await rowsOf(client, 'SELECT id FROM part ORDER BY id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    expect((await filesOfLog()).every((name) => /^\d{20}-/.test(name))).toBe(true);
  });

  test('a temporary table, and several statements in one text', async () => {
    const several = await connectTo(lockstep, { database: 'app', multipleStatements: true });
    await several.query('CREATE TABLE target (id INT PRIMARY KEY)');
    await several.query('CREATE TEMPORARY TABLE staging (id INT)');
    const [results] = await several.query<RowDataPacket[][]>({
      sql: `${loadStatement('staging', '')};${loadStatement('staging', '(@v) SET id = @v + 10')};
        INSERT INTO target SELECT id FROM staging;
        ${loadStatement('target', '')};SELECT COUNT(*) AS n FROM target`,
      infileStreamFactory: (name) => streamOf(name === 'a file' ? ['7\n8\n'] : []),
    });
    expect(results.at(-1)).toEqual([{ n: 4 }]);
    several.destroy();
  });

  test('what is refused is refused before the file is asked for', async () => {
    await client.query('CREATE TABLE kept (id INT PRIMARY KEY, v VARCHAR(40))');
    const asked = vi.fn<() => Readable>(() => streamOf(['1\tx\n']));
    const refused = (sql: string) =>
      client.query({ sql, infileStreamFactory: asked }).then(
        () => undefined,
        (error: { errno: number; message: string }) => [error.errno, error.message],
      );
    expect(await refused(loadStatement('nowhere', ''))).toEqual([1146, expect.anything()]);
    expect(await refused(loadStatement('kept', 'WHERE'))).toEqual([1064, expect.anything()]);
    expect(await refused(loadStatement('kept', '(id) SET v = UUID()'))).toEqual([
      1105,
      expect.stringContaining('UUID() in LOAD DATA'),
    ]);
    expect(await refused("LOAD DATA INFILE '/tmp/x' INTO TABLE kept")).toEqual([
      1235,
      expect.stringContaining('LOAD DATA LOCAL INFILE'),
    ]);
    expect(asked).not.toHaveBeenCalled();
    const answer = await lockstep.balancer.control
      .query({ sql: loadStatement('kept', '') })
      .catch((error: unknown) => error);
    expect(answer).toMatchObject({ message: expect.stringMatching(/disabled/i) });
  });

  test('a file over the limit leaves nothing, and the session goes on', async () => {
    const line = `${'x'.repeat(1000)}\n`.repeat(1000);
    await client.query('CREATE TABLE large (v VARCHAR(1000))');
    const lines = (count: number) => Array.from({ length: count }, () => line);
    await expect(load(client, loadStatement('large', ''), lines(5))).rejects.toMatchObject({
      errno: 1153,
      message: expect.stringContaining('limits.load_data_bytes'),
    });
    expect(await rowsOf(client, 'SELECT COUNT(*) AS n FROM large')).toEqual([{ n: 0 }]);
    await load(client, loadStatement('large', ''), lines(1));
    expect(await rowsOf(client, 'SELECT COUNT(*) AS n FROM large')).toEqual([{ n: 1000 }]);
  });

  test('a client that goes away in the middle, and one that is killed, leave nothing', async () => {
    await client.query('CREATE TABLE gone (id INT PRIMARY KEY)');
    const before = await filesOfLog();
    for (const end of ['destroy', 'kill'] as const) {
      const other = await connectTo(lockstep, { database: 'app' });
      other.on('error', () => {});
      const half = new Readable({ read() {} });
      const loading = other
        .query({ sql: loadStatement('gone', ''), infileStreamFactory: () => half })
        .catch(() => 'lost');
      half.push(Buffer.from('1\n2\n'));
      await vi.waitFor(async () => expect(await filesOfLog()).not.toEqual(before), 20_000);
      if (end === 'destroy') other.destroy();
      else await client.query(`KILL ${other.threadId}`);
      await vi.waitFor(async () => expect(await filesOfLog()).toEqual(before), 20_000);
      if (end === 'kill') expect(await loading).toBe('lost');
    }
    expect(await rowsOf(client, 'SELECT COUNT(*) AS n FROM gone')).toEqual([{ n: 0 }]);
  });
});
