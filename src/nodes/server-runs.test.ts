import { expect, test } from 'vitest';
import { ServerRuns } from './server-runs.ts';

test('ids that rise belong to one run', () => {
  const runs = new ServerRuns();
  for (const id of [1, 2, 10]) expect(runs.connecting()(id)).toBe(false);
});

test('connections made side by side may be answered in any order', () => {
  const runs = new ServerRuns();
  const [first, second] = [runs.connecting(), runs.connecting()];
  expect(second(8)).toBe(false);
  expect(first(7)).toBe(false);
  expect(runs.connecting()(9)).toBe(false);
});

test('a lower id is that of another run, which then counts from there', () => {
  const runs = new ServerRuns();
  runs.connecting()(50);
  expect(runs.connecting()(4)).toBe(true);
  expect(runs.connecting()(5)).toBe(false);
  expect(runs.connecting()(5)).toBe(true);
});
