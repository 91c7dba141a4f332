import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { extended } from '../support/extended.ts';
import { type BalancerProcess, prepareBalancerProcess } from '../support/balancer-process.ts';
import { engines, startServers, type TestServers } from '../support/cluster.ts';

describe.each(engines())('the key of a write, $name', (engine) => {
  let servers: TestServers;
  let lockstep: BalancerProcess;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await prepareBalancerProcess(servers);
    await start();
    await ask('CREATE TABLE k (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(20))');
  });
  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  /** HTTP opens behind MySQL. */
  const start = async (point?: string): Promise<void> => {
    await lockstep.start(point);
    await vi.waitFor(() => fetch(`http://127.0.0.1:${lockstep.httpPort}/healthz`), 20_000);
  };

  interface Answer {
    readonly status: number;
    readonly [name: string]: unknown;
  }

  const ask = async (sql: string, key?: string, more: object = {}): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${lockstep.httpPort}/query`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify({ sql, schema: 'app', ...more }),
    });
    return { ...((await response.json()) as object), status: response.status };
  };
  const countOf = async (what: string): Promise<unknown> =>
    (await ask(`SELECT COUNT(*) FROM k WHERE what = '${what}'`))['rows'];

  test('is good for one write, and says what the first did', async () => {
    const sql = "INSERT INTO k (what) VALUES ('once')";
    const first = await ask(sql, 'once');
    const second = await ask(sql, 'once');
    expect(second).toMatchObject({ insertId: first['insertId'], replayed: true });
    expect(await countOf('once')).toEqual([[1]]);
    const parameters = ['twice'];
    const prepared = 'INSERT INTO k (what) VALUES (?)';
    await Promise.all([ask(prepared, 'p', { parameters }), ask(prepared, 'p', { parameters })]);
    expect(await countOf('twice')).toEqual([[1]]);
    expect(await ask(prepared, 'p', { parameters: ['x'] })).toMatchObject({
      status: 422,
      code: 'idempotency_mismatch',
    });
    expect(await ask(sql, 'a blank')).toMatchObject({ status: 400 });
  });

  // Before the append nothing took effect, behind it all of it did.
  test.each(['write.executed', 'commit.appended', 'commit.durable', 'commit.answered'])(
    'is good for one write when the balancer dies at %s',
    extended,
    async (point) => {
      await lockstep.kill();
      await start(`${point}:1`);
      const sql = `INSERT INTO k (what) VALUES ('${point}')`;
      await ask(sql, point).catch(() => undefined);
      await lockstep.ended();
      await start();
      const again = await vi.waitUntil(async () => {
        const answer = await ask(sql, point);
        return answer.status === 503 ? undefined : answer;
      }, 20_000);
      expect(again).toMatchObject({ kind: 'result', affectedRows: 1 });
      expect(await ask(sql, point)).toMatchObject({ insertId: again?.['insertId'] });
      expect(await countOf(point)).toEqual([[1]]);
    },
  );

  test('is good for one write when the leader dies', async () => {
    const status = await (await fetch(`http://127.0.0.1:${lockstep.httpPort}/status`)).json();
    const { leader } = status as { leader: string };
    const server = servers.servers.find(({ name }) => name === leader);
    const sql = "INSERT INTO k (what) VALUES ('failover')";
    const writes = Array.from({ length: 8 }, () => ask(sql, 'failover').catch(() => undefined));
    await server?.kill();
    await Promise.all(writes);
    const again = await ask(sql, 'failover');
    expect(again).toMatchObject({ kind: 'result', affectedRows: 1, replayed: true });
    expect(await countOf('failover')).toEqual([[1]]);
    await server?.start();
  });
});
