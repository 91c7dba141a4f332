import { beforeEach, describe, expect, test } from 'vitest';
import { seq, type Seq } from '../../base/brands.ts';
import { SimulatedClock } from '../../health/testing/simulated-clock.ts';
import type { TableCatalogue } from '../../nodes/table-catalogue.ts';
import type { TableInfo } from '../../nodes/table-info.ts';
import type { Terminal } from '../../protocol/response-sink.ts';
import { TableChanges } from '../../replication/table-changes.ts';
import { analyse } from '../../sql/analyse.ts';
import { type Audience, ResultCache, type ReadPlan } from './result-cache.ts';

const mode = { ansiQuotes: false, noBackslashEscapes: false, flavor: 'mariadb' } as const;
const statement = analyse('SELECT a FROM t WHERE id = 1', mode);
const app = { user: 'app', schema: 'app' };
const aged = analyse('SELECT a FROM aged', mode);
const end: Terminal = {
  type: 'eof',
  payload: Buffer.from([0xfe, 0, 0, 2, 0]),
  raw: Buffer.from([5, 0, 0, 4, 0xfe, 0, 0, 2, 0]),
  sequenceId: 4,
  statusFlags: 2,
  last: true,
  resultIndex: 0,
  rows: 1,
};

/** Only what the cache asks of it: every table is one of InnoDB. */
function catalogueOf(): TableCatalogue {
  const info = { view: undefined, repeatable: true } as TableInfo;
  const asked = { version: 0, table: () => Promise.resolve(info) };
  return asked as unknown as TableCatalogue;
}

describe('a cache', () => {
  let clock: SimulatedClock;
  let changes: TableChanges;
  let cache: ResultCache;
  let audience: Audience;

  beforeEach(() => {
    clock = new SimulatedClock();
    changes = new TableChanges(seq(5));
    const rules = [
      { tables: 'app.aged', keep: true, maxAgeMs: 1000 },
      { tables: 'app.*', keep: true },
    ];
    const config = { cache: { bytes: 10_000, answerBytes: 1000, rules } };
    cache = new ResultCache({ config, clock, catalogue: catalogueOf(), changes });
    audience = audienceOf('of app');
  });

  function audienceOf(key: string): Audience {
    const made = cache.audienceFor(key, app, { statement, sql: '' });
    if (!made) throw new Error('no audience');
    return made;
  }

  async function planOf(read = statement): Promise<ReadPlan> {
    expect(cache.plan(audience, read, '').kind).toBe('asked');
    await Promise.resolve();
    await new Promise(setImmediate);
    return cache.plan(audience, read, '');
  }

  async function fill(at: Seq, read = statement, key = 'k'): Promise<() => void> {
    const plan = await planOf(read);
    if (plan.kind !== 'kept') throw new Error(plan.kind);
    const { generation, answers: shelf } = audience;
    const bytes = Buffer.concat([Buffer.from('rows'), end.raw]);
    const filling = { shelf, key, generation, statement: read, plan, seq: at };
    return () => cache.keep(filling, bytes, end);
  }

  const found = (key = 'k'): string | undefined =>
    cache.find(audience.answers, key)?.bytes.toString('latin1', 0, 4);

  test('gives an answer until a table of it changes', async () => {
    (await fill(seq(5)))();
    changes.note(seq(6), new Set(['app.u']));
    expect(found()).toBe('rows');
    changes.note(seq(7), new Set(['app.t']));
    expect(found()).toBeUndefined();
    expect(cache.figures).toMatchObject({ answers: 0, bytes: 0, invalidations: 1 });
  });

  test('keeps nothing that was read where an entry was missing', async () => {
    const keep = await fill(seq(5));
    changes.note(seq(6), new Set(['app.t']));
    keep();
    expect(found()).toBeUndefined();
    (await fillAgain(seq(6)))();
    expect(found()).toBe('rows');
  });

  /** The plan is known by now. */
  async function fillAgain(at: Seq): Promise<() => void> {
    audience = audienceOf('again');
    return fill(at);
  }

  test('gives no answer for longer than its rule says', async () => {
    (await fill(seq(5), aged))();
    await clock.advance(999);
    expect(found()).toBe('rows');
    await clock.advance(1);
    expect(found()).toBeUndefined();
  });

  test('takes no answer that was on its way when everything was let go of', async () => {
    const keep = await fill(seq(5));
    cache.clear();
    keep();
    expect(cache.figures.answers).toBe(0);
  });

  test('neither gives nor takes while it is held', async () => {
    (await fill(seq(5)))();
    const [first, second] = [cache.hold(), cache.hold()];
    first();
    first();
    expect(cache.open).toBe(false);
    audience = audienceOf('of app');
    const keep = await fill(seq(5));
    keep();
    expect(cache.figures.answers).toBe(0);
    second();
    expect(cache.open).toBe(true);
    keep();
    expect(cache.figures.answers).toBe(0);
  });

  test('tells what an answer shows: the last change of its tables', async () => {
    changes.note(seq(6), new Set(['app.t']));
    (await fill(seq(9)))();
    changes.note(seq(10), new Set(['app.u']));
    expect(cache.find(audience.answers, 'k')).toMatchObject({ seq: 9, shows: 6 });
  });

  test('keeps the end of an answer without what it was cut from', async () => {
    (await fill(seq(5)))();
    const answer = cache.find(audience.answers, 'k');
    expect(answer?.end.raw).toEqual(end.raw);
    expect(answer?.end.payload.buffer).toBe(answer?.bytes.buffer);
  });

  test('leaves nothing behind with those who have an audience still', async () => {
    (await fill(seq(5)))();
    (await fill(seq(5), aged, 'other'))();
    cache.clear();
    expect([audience.answers.size, cache.figures.bytes]).toEqual([0, 0]);
  });

  test('forgets the oldest audience for one too many, with what was kept for it', async () => {
    (await fill(seq(5)))();
    const oldest = audience;
    audience = audienceOf('second');
    (await fill(seq(5)))();
    for (let count = 0; count < 999; count += 1) audienceOf(`of ${count}`);
    expect(cache.audience('of app')).toBeUndefined();
    expect(cache.find(oldest.answers, 'k')).toBeUndefined();
    expect(found()).toBe('rows');
    expect(cache.figures).toMatchObject({ answers: 1, fills: 2 });
  });

  test('has no audience for what is never kept', () => {
    const write = analyse('INSERT INTO t VALUES (1)', mode);
    const other = analyse('SELECT a FROM other.t', mode);
    for (const read of [write, other]) {
      expect(cache.audienceFor('new', app, { statement: read, sql: '' })).toBeUndefined();
    }
    expect(cache.audience('new')).toBeUndefined();
  });

  test('keeps nothing of a statement that no rule names', () => {
    const other = analyse('SELECT a FROM other.t', mode);
    expect(cache.plan(audience, other, '').kind).toBe('not_kept');
  });
});
