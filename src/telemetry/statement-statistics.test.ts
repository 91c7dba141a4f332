import { expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import type { ObservedStatement } from './observed-statement.ts';
import type { SlowQuery } from './slow-query.ts';
import { StatementStatistics } from './statement-statistics.ts';

const a = nodeName('a');
const beganMs = Date.UTC(2026, 0, 1);

function lab({ digestsMax = 3, slowQueryMs = 100 } = {}) {
  const clock = {
    passedMs: 0,
    nowMs: () => clock.passedMs,
    wallMs: () => beganMs + clock.passedMs,
    after: () => ({ cancel: () => {} }),
  };
  const logged: SlowQuery[] = [];
  const statistics = new StatementStatistics({
    clock,
    slowQueryMs: () => slowQueryMs,
    digestsMax,
    onSlow: (query) => logged.push(query),
  });
  const run = (normalised: string, change: Partial<ObservedStatement> = {}): boolean => {
    clock.passedMs += 10;
    const statement = { normalised, kind: 'read', way: 'read', node: a, rows: 1, failed: false };
    return statistics.record(
      { ...statement, durationMs: 2, ...change } as ObservedStatement,
      clock.nowMs(),
    );
  };
  return { clock, statistics, run, logged };
}

test('executions of one form are counted together', () => {
  const { statistics, run } = lab();
  for (let i = 0; i < 98; i += 1) run('SELECT ?', { rows: 2 });
  run('SELECT ?', { durationMs: 50, node: nodeName('b') });
  run('SELECT ?', { durationMs: 70, failed: true, rows: 0, node: undefined });
  const [digest] = statistics.digests.list();
  expect(digest).toMatchObject({
    sql: 'SELECT ?',
    digest: expect.stringMatching(/^[0-9a-f]{16}$/),
    kind: 'read',
    count: 100,
    errors: 1,
    rows: 197,
    totalMs: 98 * 2 + 120,
    maxMs: 70,
    firstSeenMs: beganMs + 10,
    lastSeenMs: beganMs + 1000,
  });
  expect(digest?.p50Ms).toBeCloseTo(2, 0);
  expect(digest?.p99Ms).toBeGreaterThan(47);
  expect([...(digest?.nodes ?? [])]).toEqual([
    ['a', 98],
    ['b', 1],
  ]);
  expect(statistics.errors).toBe(1);
});

test('the form that was not used for longest makes place for a new one', () => {
  const { statistics, run } = lab({ digestsMax: 3 });
  for (const sql of ['one', 'two', 'three', 'one', 'four', 'five']) run(sql);
  expect(statistics.digests.list().map(({ sql }) => sql)).toEqual(['one', 'four', 'five']);
  expect(statistics.digests.forgotten).toBe(2);
  run('two', { durationMs: 9 });
  const two = statistics.digests.list().find(({ sql }) => sql === 'two');
  expect(two).toMatchObject({ count: 1, totalMs: 9 });
});

test('reads are timed by node, writes together, and what is neither by its form only', () => {
  const { statistics, run } = lab();
  run('SELECT ?');
  run('UPDATE', { way: 'write', kind: 'write', durationMs: 7 });
  run('SET', { way: 'other', kind: 'set' });
  expect(statistics.readTimes(a).count).toBe(1);
  expect(statistics.writeTimes.totalMs).toBe(7);
  expect(statistics.digests.size).toBe(3);
});

test('a statement is slow from the threshold on, and the latest hundred are kept', () => {
  const { statistics, run, logged } = lab();
  expect(run('SELECT ?', { durationMs: 99 })).toBe(false);
  expect(run('SELECT ?', { durationMs: 100 })).toBe(true);
  const query = { digest: '', schema: '', user: 'app', host: '::1', durationMs: 100, rows: 1 };
  for (let i = 0; i < 120; i += 1) statistics.recordSlow({ sql: `SELECT ${i}`, ...query });
  expect(statistics.slow.length).toBe(100);
  expect(statistics.slow[0]?.sql).toBe('SELECT 119');
  expect(logged.length).toBe(120);
  expect(lab({ slowQueryMs: 0 }).run('SELECT ?', { durationMs: 1e6 })).toBe(false);
});

test('a refused form is listed once, with the latest example; the latest hundred are kept', () => {
  const { statistics } = lab();
  const refused = { user: 'app', reason: 'unsafe_statement', message: 'because' };
  statistics.refused.add('A ?', { sql: 'A 1', ...refused });
  for (let i = 0; i < 99; i += 1) statistics.refused.add(`B${i}`, { sql: 'B', ...refused });
  statistics.refused.add('A ?', { sql: 'A 2', ...refused });
  expect(statistics.refused.list()[0]).toMatchObject({ sql: 'A 2', count: 2 });
  statistics.refused.add('C', { sql: 'C', ...refused });
  expect(statistics.refused.list().length).toBe(100);
  expect(statistics.refused.list().some(({ sql }) => sql === 'B')).toBe(true);
});

test('a reset forgets forms, slow and refused statements, and no counter', () => {
  const { clock, statistics, run } = lab();
  run('SELECT ?', { failed: true });
  clock.passedMs = 5000;
  statistics.reset();
  expect(statistics.digests.size).toBe(0);
  expect(statistics.sinceMs).toBe(beganMs + 5000);
  expect(statistics.errors).toBe(1);
  expect(statistics.readTimes(a).count).toBe(1);
});
