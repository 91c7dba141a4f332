import { PassThrough } from 'node:stream';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { connectTo } from '../../src/demo/connect.ts';
import { NodeConnection } from '../../src/nodes/node-connection.ts';
import { readStandings } from '../../src/nodes/read-standings.ts';
import { RowStream } from '../../src/nodes/row-stream.ts';
import { engines, startServers, type TestServers } from '../support/cluster.ts';

describe.each(engines())('what a server shows of a thread, $name', (engine) => {
  let servers: TestServers;
  let control: NodeConnection;
  let subject: NodeConnection;
  let other: Connection;

  const port = (): number => servers.servers[0]?.port ?? 0;
  const connect = (): Promise<NodeConnection> =>
    NodeConnection.connect({
      host: '127.0.0.1',
      port: port(),
      user: 'root',
      password: 'root',
      schema: 'app',
      deprecateEof: true,
      foundRows: true,
      connectTimeoutMs: 10_000,
      clock: systemClock,
    });

  beforeAll(async () => {
    servers = await startServers({ engine, count: 1 });
    [control, subject] = await Promise.all([connect(), connect()]);
    other = await connectTo({ port: port() }, { user: 'root', database: 'app' });
    await other.query('CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)');
    await other.query('INSERT INTO t VALUES (1, 1)');
    await other.query('SET GLOBAL local_infile = 1');
  });

  afterAll(async () => {
    control?.end();
    subject?.end();
    other?.destroy();
    await servers?.close();
  });

  const standing = async (id = subject.threadId): Promise<string | undefined> =>
    (await readStandings(control, [id], 10_000)).get(id);
  const shows = (command: string): Promise<true> =>
    vi.waitUntil(async () => {
      const [row] = await control.query(
        `SELECT COMMAND FROM information_schema.PROCESSLIST WHERE ID = ${subject.threadId}`,
      );
      return row?.kind === 'rows' && row.rows[0]?.[0] === command;
    }, 10_000);
  /**
   * What it shows again and again until this has ended: from the first time it was busy to the
   * last, since the request and the answer are on their way for a moment.
   */
  const during = async (work: Promise<unknown>, id?: number): Promise<Set<string | undefined>> => {
    const seen: (string | undefined)[] = [];
    const state = { ended: false };
    void work.finally(() => (state.ended = true));
    while (!state.ended) seen.push(await standing(id));
    return new Set(seen.slice(seen.indexOf('busy'), seen.lastIndexOf('busy') + 1));
  };
  /** A thread that has answered has a little to do yet. */
  const comesToRest = (id?: number): Promise<unknown> =>
    vi.waitUntil(async () => (await standing(id)) === 'at_rest', 10_000);
  const busy = new Set(['busy']);

  test('nothing: at rest, with and without a transaction, and when it is gone', async () => {
    expect(await standing()).toBe('at_rest');
    await subject.query('BEGIN;UPDATE t SET v = 2');
    await comesToRest();
    await subject.query('ROLLBACK');
    expect(await standing(4_000_000_000)).toBe('at_rest');
  });

  test('a statement, as text and prepared', async () => {
    const text = subject.query('DO SLEEP(2)');
    await shows('Query');
    expect(await during(text)).toEqual(busy);
    const prepared = other.execute('SELECT SLEEP(?)', [2]);
    await vi.waitUntil(async () => (await standing(other.threadId ?? 0)) === 'busy', 10_000);
    expect(await during(prepared, other.threadId ?? 0)).toEqual(busy);
  });

  test.each([
    { what: 'a row lock', lock: 'SELECT v FROM t FOR UPDATE', sql: 'UPDATE t SET v = 3' },
    { what: 'the lock of a table', lock: 'LOCK TABLES t WRITE', sql: 'SELECT * FROM t' },
    {
      what: 'all commits to go on, in its COMMIT',
      before: 'BEGIN;UPDATE t SET v = 4',
      lock: 'FLUSH TABLES WITH READ LOCK',
      sql: 'COMMIT',
    },
  ])('waiting for $what', async ({ before, lock, sql }) => {
    if (before !== undefined) await subject.query(before);
    else await other.query('BEGIN');
    await other.query(lock);
    const waiting = subject.query(sql);
    await shows('Query');
    for (let look = 0; look < 20; look++) expect(await standing()).toBe('busy');
    await other.query('UNLOCK TABLES');
    await other.query('ROLLBACK');
    await waiting;
    await subject.query('ROLLBACK');
  });

  test('from one statement to the next', async () => {
    expect(await during(subject.query('DO 0;'.repeat(15_000)))).toEqual(busy);
  });

  test('writing to somebody who does not read, whom we do not wait for either', async () => {
    const megabyte = "SELECT REPEAT('x', 1000000)";
    const rows = new RowStream(subject, Array(32).fill(megabyte).join(' UNION ALL '));
    const first = rows[Symbol.asyncIterator]();
    await first.next();
    await vi.waitUntil(() => subject.silentSinceMs === undefined, 10_000);
    for (let look = 0; look < 20; look++) expect(await standing()).toBe('busy');
    expect(subject.silentSinceMs).toBeUndefined();
    let count = 1;
    while (!(await first.next()).done) count++;
    expect(count).toBeGreaterThan(1);
    await comesToRest();
  });

  test('waiting for the file of a LOAD DATA LOCAL', async () => {
    const file = new PassThrough();
    file.write('7,');
    const load = other.query({
      sql: "LOAD DATA LOCAL INFILE 'it' INTO TABLE t FIELDS TERMINATED BY ','",
      infileStreamFactory: () => file,
    });
    const id = other.threadId ?? 0;
    await vi.waitUntil(async () => (await standing(id)) === 'busy', 10_000);
    for (let look = 0; look < 50; look++) expect(await standing(id)).toBe('busy');
    file.end('7\n');
    await load;
    await comesToRest(id);
  });

  test('a large statement on its way is given time to get there', async () => {
    const nowMs = systemClock.nowMs();
    const sending = subject.query(`DO LENGTH('${'x'.repeat(8_000_000)}')`);
    expect(subject.silentSinceMs).toBeGreaterThan(nowMs + 20_000);
    await sending;
    expect(subject.silentSinceMs).toBeUndefined();
  });
});
