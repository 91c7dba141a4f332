import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { systemClock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { QueryOutcome, QueryRequest } from '../http/balancer-control.ts';
import { ServerError } from '../http/server-error.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';

let folder: string;
/** The SQL of each entry. */
let entries: string[];
let firstSeq: number;
let wallMs: number;
let ran: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-keys-'));
  entries = [];
  firstSeq = 1;
  wallMs = 1_700_000_000_000;
  ran = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const open = async (): Promise<IdempotencyKeys> => {
  const keys = new IdempotencyKeys({
    folder,
    clock: { ...systemClock, wallMs: () => wallMs },
    log: {
      get firstSeq() {
        return seq(firstSeq);
      },
      get lastSeq() {
        return seq(entries.length);
      },
    },
    findInLog: (text, after) => {
      const index = entries.findIndex((sql, at) => at >= after && sql.includes(text));
      return Promise.resolve(index < 0 ? undefined : seq(index + 1));
    },
    entry: (at) => {
      const result = { affectedRows: 3, insertId: '7', errno: 0 };
      const command = { sql: entries[at - 1] ?? '', schema: '', pins: {}, ...result };
      return Promise.resolve({
        seq: at,
        at: '',
        kind: 'transaction',
        commands: [command],
        bytes: 1,
      });
    },
    findQueued: () => undefined,
    writable: () => true,
  });
  await keys.load();
  return keys;
};

const write = (key: string, sql = 'INSERT INTO t VALUES (1)'): QueryRequest => ({
  sql,
  idempotency: { key, by: 'ada' },
});

const logged = ({ sql }: QueryRequest): Promise<QueryOutcome> => {
  ran += 1;
  entries.push(sql);
  const more = { insertId: '7', warnings: 0, node: 'mysql1', durationMs: 1 };
  return Promise.resolve({ kind: 'result', affectedRows: 3, seq: entries.length, ...more });
};

/** The process dies with it: nothing more is heard of it. */
const dies = (): Promise<never> => new Promise(() => undefined);

test('the same key is run once, also at the same time and after a restart', async () => {
  const keys = await open();
  const [first, second] = await Promise.all([
    keys.run(write('k'), logged),
    keys.run(write('k'), logged),
  ]);
  expect(second).toEqual({ ...first, replayed: true });
  expect(await (await open()).run(write('k'), logged)).toEqual({ ...first, replayed: true });
  expect(ran).toBe(1);
  await keys.run(write('other'), logged);
  await keys.run({ ...write('k'), idempotency: { key: 'k', by: 'vic' } }, logged);
  expect(ran).toBe(3);
});

test('died before the log had it: it is run', async () => {
  void (await open()).run(write('k'), dies);
  const file = join(folder, 'idempotency-keys.jsonl');
  await expect.poll(async () => (await stat(file)).size).toBeGreaterThan(0);
  await appendFile(file, '{"kind":"ended","id":"torn');
  expect(await (await open()).run(write('k'), logged)).toMatchObject({ seq: 1 });
  expect(ran).toBe(1);
});

test('died when the log had it: it is not run again, and has the logged result', async () => {
  const appended = new Promise<void>((resolve) => {
    void open().then((keys) =>
      keys.run(write('k'), async (request) => {
        await logged(request);
        resolve();
        return dies();
      }),
    );
  });
  await appended;
  const outcome = await (await open()).run(write('k'), logged);
  expect(outcome).toMatchObject({ kind: 'result', affectedRows: 3, insertId: '7', seq: 1 });
  expect(ran).toBe(1);
});

test('a log that was cut cannot tell, and then nothing is run', async () => {
  const keys = await open();
  const lost = new LockstepError('outcome_unknown', 'who knows');
  await expect(keys.run(write('k'), () => Promise.reject(lost))).rejects.toBe(lost);
  firstSeq = 5;
  const again = keys.run(write('k'), logged);
  await expect(again).rejects.toMatchObject({ code: 'outcome_unknown' });
  expect(ran).toBe(0);
});

test('a refusal is an outcome, what passes is none', async () => {
  const keys = await open();
  const duplicate = new ServerError({ errno: 1062, sqlState: '23000', message: 'Duplicate' });
  const fails = (error: Error) => async (): Promise<never> => {
    throw error;
  };
  await expect(keys.run(write('a'), fails(duplicate))).rejects.toBe(duplicate);
  const restarted = await open();
  await expect(restarted.run(write('a'), logged)).rejects.toMatchObject({ errno: 1062 });
  for (const passing of [
    new ServerError({ errno: 1213, sqlState: '40001', message: 'Deadlock' }),
    new LockstepError('no_node', 'none'),
  ]) {
    await expect(restarted.run(write('b'), fails(passing))).rejects.toBe(passing);
  }
  expect(await restarted.run(write('b'), logged)).toMatchObject({ kind: 'result' });
});

test('a key is for one statement', async () => {
  const keys = await open();
  await keys.run(write('k'), logged);
  const other = keys.run(write('k', 'DELETE FROM t'), logged);
  await expect(other).rejects.toMatchObject({ code: 'idempotency_mismatch' });
});

test('keys are forgotten after a day, and their file does not grow for ever', async () => {
  const keys = await open();
  for (let index = 0; index < 700; index += 1) await keys.run(write(`k${index}`), logged);
  wallMs += 25 * 60 * 60 * 1000;
  await keys.run(write('later'), logged);
  expect((await stat(join(folder, 'idempotency-keys.jsonl'))).size).toBeLessThan(1000);
  expect(await (await open()).run(write('later'), logged)).toMatchObject({ replayed: true });
  expect(await keys.run(write('k1'), logged)).not.toHaveProperty('replayed');
});
