import { expect, test } from 'vitest';
import { type CacheRule, CacheRules } from './cache-rules.ts';

const rules = new CacheRules([
  { tables: 'app.secret, app.private_*', keep: false },
  { tables: 'app.prices', keep: true, maxAgeMs: 5000 },
  { tables: 'app.*', keep: true, user: 'shop' },
  { tables: '`Lists`.*', keep: true },
] satisfies CacheRule[]);

const ask = (tables: string, options: { user?: string; sql?: string } = {}) =>
  rules.keeping({
    sql: options.sql ?? 'SELECT 1',
    schema: 'app',
    user: options.user ?? 'shop',
    tables: tables.split(' ').map((table) => {
      const [name = '', schema] = table.split('.').toReversed();
      return schema === undefined ? { name } : { name, schema };
    }),
  })?.maxAgeMs;

const forEver = Number.POSITIVE_INFINITY;

test.each([
  ['users', forEver],
  ['app.users', forEver],
  ['APP.USERS', forEver],
  ['prices', 5000],
  ['prices users', forEver],
  ['users secret', undefined],
  ['private_notes', undefined],
  ['lists.countries', forEver],
  ['lists.countries users', undefined],
  ['other.users', undefined],
])('the first rule that fits %s counts', (tables, maxAgeMs) => {
  expect(ask(tables)).toBe(maxAgeMs);
});

test('a rule of one user is for nobody else', () => {
  expect(ask('users', { user: 'guest' })).toBeUndefined();
  expect(ask('prices', { user: 'guest' })).toBe(5000);
});

test.each([
  ['SELECT /* lockstep: cache */ 1', forEver],
  ['SELECT 1 /*LOCKSTEP: CACHE max_age=10s*/', 10_000],
  ['SELECT /* lockstep: cache max_age=soon */ 1', undefined],
  ['SELECT /* lockstep: no_cache */ 1', undefined],
])('a hint goes before every rule: %s', (sql, maxAgeMs) => {
  expect(ask('users', { sql })).toBe(maxAgeMs);
  expect(ask('secret', { sql })).toBe(maxAgeMs);
});

test('a name is not a pattern of more than it says', () => {
  const exact = new CacheRules([{ tables: 'app.a.b, app.x+', keep: true }]);
  const keeps = (name: string): boolean =>
    exact.keeping({ sql: '', schema: 'app', user: 'u', tables: [{ name }] }) !== undefined;
  expect(['axb', 'a.b', 'xx', 'x+', 'xa.b'].map(keeps)).toEqual([false, true, false, true, false]);
});
