import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { describeAlike } from '../support/extended.ts';
import { attribute, openOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { startServers, type TestServers } from '../support/cluster.ts';

const waitFor = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, 20_000);

interface Digest {
  readonly digest: string;
  readonly sql: string;
  readonly count: number;
  readonly errors: number;
  readonly rows: number;
  readonly nodes: Readonly<Record<string, number>>;
}

describeAlike('what is told of statements and sessions', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: mysql.Connection;
  let receiver: OtlpReceiver;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    const slowQueryFile = join(servers.folder, 'slow', 'queries.log');
    receiver = await openOtlpReceiver();
    const telemetry = {
      ...defaultConfig.telemetry,
      ...{ slowQueryMs: 300, slowQueryFile, otlpEndpoint: receiver.url },
    };
    lockstep = await startBalancer(servers, { telemetry });
    client = await connect();
    await client.query('CREATE TABLE o (id INT PRIMARY KEY, note VARCHAR(20))');
    await client.query("INSERT INTO o VALUES (1, 'one'), (2, 'two'), (3, 'three')");
    await post('/queries/reset');
  });

  afterAll(async () => {
    await client?.end();
    await lockstep?.close();
    await servers?.close();
    await receiver?.close();
  });

  const connect = () =>
    mysql.createConnection({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      connectAttributes: { program_name: 'observed' },
    });
  const url = (path: string) => `http://127.0.0.1:${lockstep.balancer.httpPort}${path}`;
  const get = async (path: string) => (await fetch(url(path))).json() as Promise<never>;
  const post = (path: string, body?: object) =>
    fetch(url(path), {
      method: 'POST',
      ...(body && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
  const digests = async (): Promise<ReadonlyMap<string, Digest>> => {
    const { digests: list } = (await get('/queries?limit=1000')) as { digests: Digest[] };
    return new Map(list.map((one) => [one.sql, one]));
  };

  test('statements that differ in their literals are one form, prepared ones too', async () => {
    for (const id of [1, 2, 3]) await client.query(`select note from o where id = ${id} -- ${id}`);
    await client.execute('SELECT note FROM o WHERE id = ?', [1]);
    await client.query('UPDATE o SET note = ? WHERE id IN (?, ?)', ['changed', 1, 2]);
    await client.query("UPDATE o SET note = 'x' WHERE id IN (3)");
    await client.query('SELECT missing FROM o').catch(() => undefined);
    await client.query("PREPARE p FROM 'SELECT id FROM o WHERE note = ?'");
    await client.query('EXECUTE p USING @nothing');
    await waitFor(async () => {
      const known = await digests();
      const reads = known.get('SELECT note FROM o WHERE id = ?');
      expect(reads).toMatchObject({ count: 4, rows: 4, errors: 0 });
      expect(Object.values(reads?.nodes ?? {}).reduce((sum, count) => sum + count, 0)).toBe(4);
      const leader = lockstep.balancer.control.status().leader ?? '';
      expect(known.get('UPDATE o SET note = ? WHERE id IN (...)')).toMatchObject({
        count: 2,
        rows: 3,
        nodes: { [leader]: 2 },
      });
      expect(known.get('SELECT missing FROM o')).toMatchObject({ count: 1, errors: 1, rows: 0 });
      expect(known.get('SELECT id FROM o WHERE note = ?')).toMatchObject({ count: 1, rows: 0 });
    });
  });

  test('a slow statement is listed with an example and logged, no password is', async () => {
    await client.query('SELECT SLEEP(0.4), 7');
    const { queries, thresholdMs } = (await get('/queries/slow')) as {
      queries: { sql: string; digest: string; durationMs: number; node: string }[];
      thresholdMs: number;
    };
    expect(thresholdMs).toBe(300);
    // A busy machine makes others slow too.
    const found = queries.find(({ sql }) => sql === 'SELECT SLEEP(0.4), 7');
    expect(found).toMatchObject({
      digest: (await digests()).get('SELECT SLEEP(?), ?')?.digest,
      user: 'app',
      host: '127.0.0.1',
      schema: 'app',
      rows: 1,
    });
    expect(found?.durationMs).toBeGreaterThan(390);
    expect(found?.node).toMatch(/^mysql[12]$/);
    await client.query("SELECT SLEEP(0.4), 'secret' AS password");
    const file = lockstep.config.telemetry.slowQueryFile ?? '';
    await waitFor(async () => {
      const lines = (await readFile(file, 'utf8')).trim().split('\n');
      const logged = lines
        .map((line) => JSON.parse(line) as { sql: string; msg: string })
        .filter(({ sql }) => sql.includes('SLEEP'));
      expect(logged.map(({ sql }) => sql)).toEqual([
        'SELECT SLEEP(0.4), 7',
        'SELECT SLEEP(?), ? AS password',
      ]);
      expect(logged[0]).toMatchObject({ msg: 'slow query', level: 'warn', rows: 1 });
    });
  });

  test('a refused statement is listed with the reason', async () => {
    const refusal = client.query('XA START "one"');
    await expect(refusal).rejects.toThrow();
    await client.query('XA START "two"').catch(() => undefined);
    const { queries } = (await get('/queries/refused')) as { queries: object[] };
    expect(queries[0]).toMatchObject({
      sql: 'XA START "two"',
      user: 'app',
      count: 2,
      message: expect.stringMatching(/XA/),
    });
  });

  test('the last hour has what clients did', async () => {
    for (let i = 0; i < 50; i += 1) await client.query('SELECT COUNT(*) FROM o');
    await client.query('UPDATE o SET note = note');
    await vi.waitFor(
      async () => {
        const { cluster, nodes, at } = lockstep.balancer.control.history.read({ points: 3600 });
        const reads = cluster.reads.reduce<number>((sum, rate) => sum + (rate ?? 0), 0);
        expect(reads).toBeGreaterThan(45);
        expect(cluster.writes.some((rate) => (rate ?? 0) > 0)).toBe(true);
        expect(cluster.readP99.some((ms) => (ms ?? 0) > 0)).toBe(true);
        expect(nodes['mysql1']?.state.at(-1)).toBe('UP');
        expect(at.length).toBe(cluster.readP50.length);
      },
      { timeout: 10_000 },
    );
    const { stepMs, at } = (await get('/history?points=1')) as { stepMs: number; at: number[] };
    expect(at.length).toBe(1);
    expect(stepMs % 1000).toBe(0);
  });

  test('a scrape has what clients did, too', async () => {
    const text = await (await fetch(url('/metrics'))).text();
    const value = (name: string): number =>
      text
        .split('\n')
        .filter((line) => line.startsWith(name))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    expect(value('lockstep_read_duration_seconds_count')).toBeGreaterThan(50);
    expect(value('lockstep_write_duration_seconds_count')).toBeGreaterThan(3);
    expect(value('lockstep_slow_statements_total')).toBeGreaterThan(1);
    expect(value('lockstep_refused_statements_total')).toBe(2);
    expect(value('lockstep_server_errors_total')).toBeGreaterThan(0);
    expect(value('lockstep_node_in_sync')).toBe(2);
    expect(value('lockstep_ready')).toBe(1);
    expect(value('lockstep_log_writable')).toBe(1);
  });

  test('the live tail of it begins with the latest sample', async () => {
    const abort = new AbortController();
    const response = await fetch(url('/history/live'), { signal: abort.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!/data: .*\n\n/.test(text)) text += (await reader?.read())?.value ?? '';
    abort.abort();
    expect(text).toMatch(/event: sample\ndata: \{"kind":"sample","id":\d+,"at":\d+,"cluster":\{/);
  });

  test('sessions say what they are at and why they are pinned; one can be ended', async () => {
    const held = await connect();
    await held.query('BEGIN');
    await held.query("UPDATE o SET note = 'held' WHERE id = 1");
    await held.query("SELECT GET_LOCK('observed', 1)");
    const sleeping = held.query('SELECT SLEEP(30)').catch((error: unknown) => error);
    interface Session {
      readonly id: number;
      readonly pinned?: string;
    }
    const find = async (): Promise<Session> => {
      const { sessions } = (await get('/sessions')) as { sessions: Session[] };
      const found = sessions.find(({ id }) => id === held.threadId);
      if (!found) throw new Error('the session is not listed');
      return found;
    };
    const leader = lockstep.balancer.control.status().leader;
    await waitFor(async () => {
      expect(await find()).toMatchObject({
        user: 'app',
        host: '127.0.0.1',
        schema: 'app',
        command: 'Query',
        sql: 'SELECT SLEEP(30)',
        state: `executing on ${leader}`,
        node: leader,
        inTransaction: true,
        tls: false,
        program: 'observed',
      });
    });
    expect((await find()).pinned).toBe(
      `a user-level lock on ${leader}, which no other node has; ` +
        `an open transaction on ${leader}, with 1 write so far`,
    );
    const kill = (body?: object) => post(`/sessions/${held.threadId}/kill`, body);
    expect((await kill({ queryOnly: true })).status).toBe(204);
    await sleeping;
    await waitFor(async () => {
      expect(await find()).toMatchObject({ command: 'Sleep', state: 'idle in a transaction' });
    });
    const gone = new Promise((resolve) => {
      held.once('error', resolve);
      held.once('end', resolve);
    });
    expect((await kill()).status).toBe(204);
    await gone;
    await waitFor(async () => expect((await kill()).status).toBe(404));
    held.destroy();
  });

  test('a statement is a trace: what nodes do for it, and for a write the log', async () => {
    const parent = '0af7651916cd43dd8448eb211c80319c';
    const comment = (span: string): string => `/* traceparent='00-${parent}-${span}-01' */`;
    await client.query(`SELECT note FROM o WHERE id = 1 ${comment('1111111111111111')}`);
    await client.query(`UPDATE o SET note = 'traced' WHERE id = 1 ${comment('2222222222222222')}`);
    const missing = `SELECT missing FROM o ${comment('3333333333333333')}`;
    await client.query(missing).catch(() => undefined);
    const spans = () => receiver.spans.filter(({ traceId }) => traceId === parent);
    const rootOf = (span: string) => spans().find(({ parentSpanId }) => parentSpanId === span);
    await vi.waitFor(() => expect(rootOf('3333333333333333')).toBeDefined(), { timeout: 10_000 });
    const stepsOf = (span: string) => {
      const root = rootOf(span);
      return spans().filter(({ parentSpanId }) => parentSpanId === root?.spanId);
    };
    const select = rootOf('1111111111111111');
    expect(select).toMatchObject({ name: 'SELECT', kind: 2, status: {} });
    expect(attribute(select, 'db.query.text')).toBe('SELECT note FROM o WHERE id = ?');
    expect(attribute(select, 'db.namespace')).toBe('app');
    expect(attribute(select, 'db.response.returned_rows')).toBe('1');
    const node = attribute(select, 'lockstep.node');
    expect(stepsOf('1111111111111111').map(({ name, kind }) => [name, kind])).toEqual([[node, 3]]);

    const { leader } = lockstep.balancer.control.status();
    const steps = stepsOf('2222222222222222');
    expect(steps.length).toBe(4);
    expect(new Set(steps.map(({ name }) => name))).toEqual(
      new Set([leader, `COMMIT ${leader}`, 'acknowledgement', 'log append']),
    );
    const append = steps.find(({ name }) => name === 'log append');
    const seq = attribute(rootOf('2222222222222222'), 'lockstep.seq');
    expect(attribute(append, 'lockstep.seq')).toBe(seq);
    const commit = steps.find(({ name }) => name === `COMMIT ${leader}`);
    expect(BigInt(commit?.startTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(
      BigInt(append?.endTimeUnixNano ?? 0),
    );
    expect(rootOf('3333333333333333')?.status.code).toBe(2);
    expect(attribute(rootOf('3333333333333333'), 'db.response.status_code')).toBe('1054');
  });
});
