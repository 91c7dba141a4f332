import { expect, test } from 'vitest';
import { nodeName, seq } from '../../../base/brands.ts';
import { differencesAfter, differencesAfterResync, nodesOf } from './known-differences.ts';
import type { VerifyReport } from './verify-report.ts';

const reportOf = (
  tables: Readonly<Record<string, readonly string[]>>,
  rest: Partial<VerifyReport> = {},
): VerifyReport => ({
  equal: Object.values(tables).every((nodes) => nodes.length === 0),
  seq: seq(7),
  tables: Object.entries(tables).map(([table, differing]) => {
    return { schema: 'app', table, nodes: {}, equal: differing.length === 0, differing };
  }),
  rows: 2,
  durationMs: 12,
  missed: [],
  ...rest,
});

test('what was found is known until the table is found equal', () => {
  const found = differencesAfter({}, reportOf({ users: ['c'], orders: [] }), false);
  expect(found).toEqual({ 'app.users': ['c'] });
  const more = differencesAfter(found, reportOf({ orders: ['b'] }), true);
  expect(more).toEqual({ 'app.users': ['c'], 'app.orders': ['b'] });
  expect(nodesOf(more)).toEqual(['b', 'c']);
  expect(differencesAfter(more, reportOf({ users: [] }), true)).toEqual({ 'app.orders': ['b'] });
  expect(differencesAfter(more, reportOf({ users: [] }), false)).toEqual({});
});

test('a node that was left out is as it was known', () => {
  const missed = [{ node: nodeName('c'), reason: 'it was DOWN' }];
  const before = { 'app.users': ['b', 'c'] };
  expect(differencesAfter(before, reportOf({ users: [] }, { missed }), false)).toEqual({
    'app.users': ['c'],
  });
});

test('what was repaired differs no more, what could not be does', () => {
  const repaired = reportOf({ users: ['c'] }, { repairs: [], repaired: true });
  expect(differencesAfter({ 'app.users': ['c'] }, repaired, true)).toEqual({});
  const left = { ...repaired, repaired: false };
  expect(differencesAfter({}, left, true)).toEqual({ 'app.users': ['c'] });
});

test('a node that became a copy differs no more, nor do two that nobody could judge', () => {
  expect(differencesAfterResync({ 'app.users': ['b', 'c'] }, 'c', 'a')).toEqual({
    'app.users': ['b'],
  });
  expect(differencesAfterResync({ 'app.users': ['a', 'b'] }, 'b', 'a')).toEqual({});
});
