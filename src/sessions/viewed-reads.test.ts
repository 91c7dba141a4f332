import { expect, test } from 'vitest';
import { SimulatedClock } from '../health/testing/simulated-clock.ts';
import type { TableCatalogue } from '../nodes/table-catalogue.ts';
import { analyse } from '../sql/analyse.ts';
import type { Statement } from '../sql/statement.ts';
import { ViewedReads } from './viewed-reads.ts';

const mode = { ansiQuotes: false, noBackslashEscapes: false, flavor: 'mysql' } as const;
const read = (sql: string): Statement => analyse(sql, mode);

/** A table `t`, a view `v` of it, and a view `w` that takes a lock. */
function catalogueOf(change: Partial<TableCatalogue> = {}) {
  const asked: string[] = [];
  const catalogue = {
    version: 1,
    changing: false,
    view: (schema: string, name: string) => {
      asked.push(`${schema}.${name}`);
      if (name === 'v') return Promise.resolve(read('SELECT a FROM app.t'));
      return Promise.resolve(name === 'w' ? read("SELECT GET_LOCK('a', 1)") : undefined);
    },
    ...change,
  };
  return { catalogue, asked };
}

function known(change: Partial<TableCatalogue> = {}) {
  const { catalogue, asked } = catalogueOf(change);
  const clock = new SimulatedClock();
  const leader = { isWell: true };
  const reads = new ViewedReads({
    catalogue: catalogue as unknown as TableCatalogue,
    clock,
    leaderIsWell: () => leader.isWell,
  });
  return { reads, catalogue, asked, clock, leader };
}

test('what the views of a read do is found out once', async () => {
  const { reads, asked } = known();
  const statement = read('SELECT * FROM t, v');
  expect(reads.onlyReads(statement, 'app')).toBe(false);
  expect(await reads.find(statement, 'app')).toBe('nothing');
  expect(reads.onlyReads(statement, 'app')).toBe(true);
  const before = asked.length;
  expect(await reads.find(statement, 'app')).toBe('nothing');
  expect(reads.onlyReads(read('SELECT a FROM v'), 'app')).toBe(true);
  expect(asked).toHaveLength(before);
});

test('a view that does something is never taken for one that does not', async () => {
  const { reads } = known();
  const statement = read('SELECT * FROM w');
  for (let times = 0; times < 2; times += 1) {
    expect(await reads.find(statement, 'app')).toBe('something');
    expect(reads.onlyReads(statement, 'app')).toBe(false);
  }
});

test('each default schema has tables of its own', async () => {
  const { reads } = known();
  const statement = read('SELECT * FROM v');
  for (const schema of ['app', 'beside']) {
    expect(reads.onlyReads(statement, schema)).toBe(false);
    expect(await reads.find(statement, schema)).toBe('nothing');
  }
  for (const schema of ['app', 'beside', 'app']) {
    expect(reads.onlyReads(statement, schema)).toBe(true);
  }
});

test('a definition that changes makes it unknown again', async () => {
  const { reads, catalogue } = known();
  const statement = read('SELECT * FROM v');
  await reads.find(statement, 'app');
  catalogue.changing = true;
  expect(reads.onlyReads(statement, 'app')).toBe(false);
  expect(await reads.find(statement, 'app')).toBe('unknown');
  catalogue.changing = false;
  expect(reads.onlyReads(statement, 'app')).toBe(true);
  catalogue.version += 1;
  expect(reads.onlyReads(statement, 'app')).toBe(false);
});

test('what is told while a definition changes does not count', async () => {
  const { reads, catalogue } = known();
  const statement = read('SELECT * FROM v');
  const finding = reads.find(statement, 'app');
  catalogue.version += 1;
  expect(await finding).toBe('unknown');
  expect(reads.onlyReads(statement, 'app')).toBe(false);
});

test('what nobody has found out waits a while for a definition that changes', async () => {
  const { reads, catalogue, clock } = known();
  const statement = read('SELECT * FROM w');
  catalogue.changing = true;
  const found: string[] = [];
  const finding = reads.find(statement, 'app').then((viewed) => found.push(viewed));
  await clock.advance(1000);
  expect(found).toEqual([]);
  catalogue.changing = false;
  await clock.advance(100);
  await finding;
  expect(found).toEqual(['something']);
  catalogue.changing = true;
  const late = reads.find(statement, 'app');
  await clock.advance(60_000);
  expect(await late).toBe('unknown');
});

test('it is unknown as soon as there is doubt that the leader answers', async () => {
  const { reads, clock, leader } = known({ view: () => new Promise(() => {}) });
  const found: string[] = [];
  const finding = reads.find(read('SELECT * FROM v'), 'app').then((one) => found.push(one));
  await clock.advance(3000);
  expect(found).toEqual([]);
  leader.isWell = false;
  await clock.advance(1000);
  await finding;
  expect(found).toEqual(['unknown']);
});

test('it is unknown where the leader fails to tell, or does not', async () => {
  const statement = read('SELECT * FROM v');
  const failing = known({ view: () => Promise.reject(new Error('no leader')) });
  expect(await failing.reads.find(statement, 'app')).toBe('unknown');
  const silent = known({ view: () => new Promise(() => {}) });
  const finding = silent.reads.find(statement, 'app');
  await silent.clock.advance(60_000);
  expect(await finding).toBe('unknown');
  expect(silent.clock.pendingTimers).toBe(0);
});
