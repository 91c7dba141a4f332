import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { TableChanges, tableKey } from './table-changes.ts';

test('a table that was asked for is known by its last change', () => {
  const changes = new TableChanges(seq(10));
  const users = changes.table('app.users');
  const orders = changes.table('app.orders');
  changes.note(seq(11), new Set(['app.users', 'app.other']));
  changes.note(seq(12), new Set(['app.orders']));
  expect([users.changed, orders.changed]).toEqual([11, 12]);
  expect(changes.unchangedSince(seq(11), [users])).toBe(true);
  expect(changes.unchangedSince(seq(11), [users, orders])).toBe(false);
  expect(changes.size).toBe(2);
});

test('what was before a table was asked for may have changed it', () => {
  const changes = new TableChanges(seq(10));
  changes.note(seq(11), new Set(['app.users']));
  const users = changes.table('app.users');
  expect(users.changed).toBe(11);
  expect(changes.unchangedSince(seq(10), [users])).toBe(false);
});

test('an entry that does not say what it changes may have changed any table', () => {
  const changes = new TableChanges(seq(10));
  const users = changes.table('app.users');
  changes.note(seq(11), undefined);
  expect(changes.any).toBe(11);
  expect(changes.unchangedSince(seq(10), [users])).toBe(false);
  expect(changes.unchangedSince(seq(11), [users])).toBe(true);
});

test('a premise holds until a row of its tables gets a key', () => {
  const changes = new TableChanges(seq(10));
  const premise = changes.presume(new Set(['app.users']));
  expect(changes.stillHolds(premise)).toBe(true);
  changes.note(seq(11), new Set(['app.users']), new Set());
  changes.note(seq(12), new Set(['app.users', 'app.orders']), new Set(['app.orders']));
  expect(changes.stillHolds(premise)).toBe(true);
  changes.note(seq(13), new Set(['app.users']));
  expect(changes.stillHolds(premise)).toBe(false);
  expect(changes.stillHolds(changes.presume(new Set(['app.users'])))).toBe(true);
});

test('a premise on any table holds until there is another entry', () => {
  const changes = new TableChanges(seq(10));
  const premise = changes.presume(undefined);
  expect(changes.stillHolds(premise)).toBe(true);
  changes.note(seq(11), new Set(), new Set());
  expect(changes.stillHolds(premise)).toBe(false);
});

test('a premise does not hold of tables that were forgotten, nor behind an entry of any', () => {
  const changes = new TableChanges(seq(10));
  const premise = changes.presume(new Set(['app.users']));
  changes.forget();
  expect(changes.stillHolds(premise)).toBe(true);
  changes.note(seq(11), new Set(['app.users']));
  expect(changes.stillHolds(premise)).toBe(false);
  const next = changes.presume(new Set(['app.users']));
  changes.note(seq(12), undefined);
  expect(changes.stillHolds(next)).toBe(false);
});

test('a seq that is given again, because the log refused it, takes nothing back', () => {
  const changes = new TableChanges(seq(10));
  const users = changes.table('app.users');
  changes.note(seq(12), new Set(['app.users']));
  changes.note(seq(11), new Set(['app.users']));
  expect(users.changed).toBe(12);
});

test.each([
  ['app', 'Users', 'app.users'],
  ['APP', 'users', 'app.users'],
  ['app', 'caf\xc3\xa9', undefined],
])('%s.%s is known as %s', (schema, name, key) => {
  expect(tableKey(schema, name)).toBe(key);
});
