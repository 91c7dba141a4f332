import { expect, test } from 'vitest';
import { oddNodes } from './odd-nodes.ts';

const odd = (values: Record<string, string>, outOf?: number) =>
  oddNodes(new Map(Object.entries(values)), outOf);

test('nodes that agree are not odd', () => {
  expect(odd({ a: 'x', b: 'x' })).toEqual([]);
  expect(odd({ a: 'x' }, 3)).toEqual([]);
});

test('those are odd that are not as more than half of all are', () => {
  expect(odd({ a: 'x', b: 'y', c: 'x' })).toEqual(['b']);
  expect(odd({ a: 'x', b: 'y', c: 'x', d: 'z', e: 'x' })).toEqual(['b', 'd']);
});

test('without a majority, and that is one of all, everybody is', () => {
  expect(odd({ a: 'x', b: 'y' })).toEqual(['a', 'b']);
  expect(odd({ a: 'x', b: 'x', c: 'y', d: 'y' })).toEqual(['a', 'b', 'c', 'd']);
  expect(odd({ a: 'x', b: 'x', c: 'y' }, 4)).toEqual(['a', 'b', 'c']);
});
