import { expect, test } from 'vitest';
import { clusterColumns, type History } from '../../data/shapes.ts';
import { joined } from './history-store.ts';

function history(at: readonly number[], reads: readonly number[], node = 'a'): History {
  const cluster = Object.fromEntries(clusterColumns.map((name) => [name, reads]));
  return {
    stepMs: 1_000,
    at,
    cluster: cluster as unknown as History['cluster'],
    nodes: { [node]: { reads, p99: reads, pending: reads } },
  };
}

test('what is new comes behind what is kept, and nothing twice', () => {
  const all = joined(history([1_000, 2_000], [1, 2]), history([2_000, 3_000], [2, 3]));
  expect(all.at).toEqual([1_000, 2_000, 3_000]);
  expect(all.cluster.reads).toEqual([1, 2, 3]);
});

test('a hole in time is a hole in the lines', () => {
  const all = joined(history([1_000], [1]), history([60_000], [2]));
  expect(all.at).toEqual([1_000, 2_000, 60_000]);
  expect(all.cluster.reads).toEqual([1, null, 2]);
});

test('what is older than an hour goes, in every column', () => {
  const all = joined(history([0, 5_000], [1, 2]), history([3_605_000], [3]));
  expect(all.at[0]).toBe(5_000);
  expect(all.at.length).toBe(all.nodes['a']?.pending.length);
});

test('a node that is new or gone has holes where it was not', () => {
  const all = joined(history([1_000], [1], 'a'), history([2_000], [2], 'b'));
  expect(all.nodes['a']?.reads).toEqual([1, null]);
  expect(all.nodes['b']?.reads).toEqual([null, 2]);
});
