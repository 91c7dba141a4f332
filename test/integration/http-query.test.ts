import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';

interface Line {
  readonly kind: string;
  readonly rows?: readonly (readonly unknown[])[];
  readonly [key: string]: unknown;
}

const numbers = 'WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)';
const deep = (sql: string): string => `${numbers} ${sql}`;

describe.each(engines())('SQL over HTTP, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
    await ask('CREATE TABLE q (id INT PRIMARY KEY, note VARCHAR(4), raw VARBINARY(9))');
    await ask("INSERT INTO q VALUES (1, 'one', x'00ff'), (2, NULL, NULL)");
  });
  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${lockstep.balancer.httpPort}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const answerOf = async (response: Response): Promise<Line> => {
    const body = (await response.json()) as Line;
    return { ...body, status: response.status };
  };
  const ask = async (sql: string, more: object = {}) =>
    answerOf(await post('/query', { sql, schema: 'app', ...more }));
  const linesOf = async (sql: string, more: object = {}, path = '/query'): Promise<Line[]> => {
    const accept = { accept: 'application/x-ndjson' };
    const response = await post(path, { sql, schema: 'app', ...more }, accept);
    expect(response.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    const text = await response.text();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  };

  test('no more rows than asked for, and it says when there are more', async () => {
    const few = await ask(deep('SELECT a.i FROM n a JOIN n b'));
    expect(few).toMatchObject({ rowCount: 1000, truncated: true });
    expect(await ask('SELECT id FROM q', { limit: 2 })).toMatchObject({ truncated: false });
    expect(await ask('SELECT id FROM q', { limit: 1 })).toMatchObject({
      rows: [[1]],
      truncated: true,
      node: expect.stringMatching(/^mysql[12]$/),
    });
    await vi.waitUntil(() => lockstep.balancer.control.status().sessions === 0, 5000);
  });

  test('a large result comes in lines, whole', async () => {
    const sql = deep(
      "SELECT a.i, REPEAT('x', 50) FROM (SELECT i FROM n LIMIT 900) a " +
        'JOIN (SELECT i FROM n LIMIT 100) b',
    );
    const lines = await linesOf(sql, { limit: 1_000_000 });
    expect(lines[0]).toMatchObject({ kind: 'columns', node: expect.stringMatching(/^mysql/) });
    expect(lines.at(-1)).toMatchObject({ kind: 'end', rowCount: 90_000, truncated: false });
    const rows = lines.reduce((sum, line) => sum + (line.rows?.length ?? 0), 0);
    expect(rows).toBe(90_000);
    const limited = await linesOf(sql, { limit: 700 });
    expect(limited.at(-1)).toMatchObject({ kind: 'end', rowCount: 700, truncated: true });
  });

  test('one node alone answers in lines too, with its position', async () => {
    const path = '/nodes/mysql2/query';
    const lines = await linesOf('SELECT id, raw FROM q ORDER BY id', { limit: 1 }, path);
    expect(lines).toMatchObject([
      { kind: 'columns', columns: [{ name: 'id' }, { name: 'raw' }], node: 'mysql2' },
      { kind: 'rows', rows: [[1, '0x00ff']] },
      { kind: 'end', rowCount: 1, truncated: true, position: expect.any(Number) },
    ]);
    const none = await linesOf('SELECT id FROM q WHERE FALSE', {}, path);
    expect(none).toMatchObject([{ kind: 'columns' }, { kind: 'end', rowCount: 0 }]);
    const accept = { accept: 'application/x-ndjson' };
    const wrong = await post(path, { sql: 'SELECT no FROM app.q' }, accept);
    expect(await answerOf(wrong)).toMatchObject({ status: 400, errno: 1054, position: 7 });
  });

  test('a write, and an error before any row, need no lines but their own', async () => {
    expect(await linesOf("UPDATE q SET note = 'uno' WHERE id = 1")).toMatchObject([
      { kind: 'result', affectedRows: 1, seq: expect.any(Number) },
    ]);
    const accept = { accept: 'application/x-ndjson' };
    const wrong = await post('/query', { sql: 'SELECT nothing FROM q', schema: 'app' }, accept);
    expect(wrong.status).toBe(400);
    expect(wrong.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test.for([['/query'], ['/nodes/mysql2/query']])(
    'a client that goes away ends what it reads: %s',
    async ([path]) => {
      const sql = deep(`SELECT SLEEP(0.05), '${path}' FROM n`);
      const underWay = async (): Promise<number> => {
        let count = 0;
        for (const server of servers.servers) {
          await using direct = await connectTo(server, { user: 'root' });
          const [rows] = await direct.query('SHOW FULL PROCESSLIST');
          count += (rows as { Info: string | null }[]).filter(({ Info }) => Info === sql).length;
        }
        return count;
      };
      const gone = new AbortController();
      const running = fetch(`http://127.0.0.1:${lockstep.balancer.httpPort}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
        body: JSON.stringify({ sql, schema: 'app' }),
        signal: gone.signal,
      }).catch(() => undefined);
      await vi.waitFor(async () => expect(await underWay()).toBe(1), 5000);
      gone.abort();
      await running;
      await vi.waitFor(async () => expect(await underWay()).toBe(0), 5000);
      await vi.waitUntil(() => lockstep.balancer.control.status().sessions === 0, 5000);
    },
  );

  test('warnings are listed, and an error says where it is', async () => {
    const warned = await ask("SELECT CAST('1x' AS SIGNED), 1/0");
    expect(warned).toMatchObject({
      rows: [[1, null]],
      warnings: expect.any(Number),
      warningList: expect.arrayContaining([expect.objectContaining({ code: 1292 })]),
    });
    expect(await ask('SELECT * FORM q')).toMatchObject({ status: 400, errno: 1064, position: 9 });
    expect(await ask('SELECT\n  nam FROM q')).toMatchObject({ errno: 1054, position: 9 });
    const wrong = await ask("UPDATE q SET note = 'too long' WHERE id = 1");
    expect(wrong).toMatchObject({ errno: 1406 });
  });

  test('a statement is ended when its time is over, and nothing of it took effect', async () => {
    const holder = await connectTo(lockstep);
    await holder.query('BEGIN');
    await holder.query("UPDATE app.q SET note = 'held' WHERE id = 2");
    const late = await ask("UPDATE q SET note = 'late'", { timeoutMs: 200 });
    expect(late).toMatchObject({ status: 504, code: 'query_timeout' });
    await holder.query('ROLLBACK');
    await holder.end();
    const read = await ask('SELECT SLEEP(20) FROM q', { timeoutMs: 200 });
    // MySQL's SLEEP() may end by itself without an error, and then its answer is the outcome.
    expect([200, 504]).toContain(read['status']);
    expect(await ask('SELECT note FROM q WHERE id = 2')).toMatchObject({ rows: [[null]] });
  });

  test('one node alone is read, also out of sync, and never written', async () => {
    const { control } = lockstep.balancer;
    const { leader = '' } = control.status();
    const other = leader === 'mysql1' ? 'mysql2' : 'mysql1';
    const sql = 'SELECT id, note, raw FROM q ORDER BY id';
    const before = await answerOf(await post(`/nodes/${other}/query`, { sql, schema: 'app' }));
    expect(before).toMatchObject({
      node: other,
      rows: [
        [1, 'uno', '0x00ff'],
        [2, null, null],
      ],
    });
    await control.disable(other);
    await ask("INSERT INTO q VALUES (3, 'drei', NULL)");
    const count = { sql: 'SELECT COUNT(*) FROM q', schema: 'app' };
    const behind = await answerOf(await post(`/nodes/${other}/query`, count));
    const ahead = await answerOf(await post(`/nodes/${leader}/query`, count));
    expect([behind.rows, ahead.rows]).toEqual([[[2]], [[3]]]);
    expect(Number(ahead['position'])).toBeGreaterThan(Number(behind['position']));
    await control.enable(other);

    for (const write of ['DELETE FROM q', 'CREATE TABLE r (id INT)', 'SET GLOBAL x = 1']) {
      const refused = await answerOf(await post(`/nodes/${other}/query`, { sql: write }));
      expect(refused).toMatchObject({ status: 400, code: 'bad_request' });
    }
    const explained = { sql: 'EXPLAIN SELECT * FROM q', schema: 'app' };
    expect(await answerOf(await post(`/nodes/${other}/query`, explained))).toMatchObject({
      status: 200,
    });
    const slow = { sql: 'SELECT SLEEP(20) FROM app.q', timeoutMs: 200 };
    const late = await answerOf(await post(`/nodes/${other}/query`, slow));
    expect([200, 504]).toContain(late['status']);
  });

  test('SQL has the rights of the user that is named', async () => {
    const as = { user: 'app', password: 'app' };
    expect(await ask('SELECT CURRENT_USER()', { as })).toMatchObject({ status: 200 });
    const denied = await ask('SELECT 1', { as: { user: 'app', password: 'wrong' } });
    expect(denied).toMatchObject({ status: 403, errno: 1045 });
    const onNode = { sql: 'SELECT 1', as: { user: 'app', password: 'wrong' } };
    const also = await answerOf(await post('/nodes/mysql1/query', onNode));
    expect(also).toMatchObject({ status: 403, errno: 1045 });
  });
});
