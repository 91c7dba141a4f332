import { expect, test } from 'vitest';
import type { TableCatalogue } from '../../nodes/table-catalogue.ts';
import { analyse } from '../../sql/analyse.ts';
import { readTables } from './read-tables.ts';
import { WriteReach } from './written-tables.ts';

const mode = { ansiQuotes: false, noBackslashEscapes: false, flavor: 'mysql' } as const;
const read = (sql: string) => analyse(sql, mode);

/** A table `t`, and a view `T` of another one, as a server has them that tells case apart. */
const catalogue = {
  version: 0,
  table: (_: string, name: string) =>
    Promise.resolve({
      exists: true,
      repeatable: true,
      triggers: [],
      view: name === 'T' ? read('SELECT a FROM app.behind') : undefined,
    }),
  view: () => Promise.resolve(undefined),
  children: () => Promise.resolve(new Map()),
} as unknown as TableCatalogue;

test('names that differ in case are looked into one by one', async () => {
  const all = ['app.t', 'app.behind'];
  const found = await readTables(catalogue, read('SELECT * FROM t, T'), 'app');
  expect([...(found?.tables ?? [])]).toEqual(all);
  const written = await new WriteReach(catalogue).of(read('UPDATE t, T SET T.a = t.b'), 'app');
  expect([...(written?.tables ?? [])]).toEqual(all);
});

test.each([
  ['SELECT a FROM t WHERE id IS NULL', true],
  ['SELECT a FROM t WHERE ISNULL(id)', true],
  ['SELECT a FROM t WHERE id = 1', false],
])('whether NULL is asked for: %s', async (sql, asksNull) => {
  expect((await readTables(catalogue, read(sql), 'app'))?.asksNull).toBe(asksNull);
});
