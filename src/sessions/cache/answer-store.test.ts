import { expect, test } from 'vitest';
import { AnswerStore, type Shelf } from './answer-store.ts';

const of = (value: string, bytes = 10) => ({ value, bytes });

function filled(bytesMax: number, ...keys: readonly string[]) {
  const store = new AnswerStore<string>();
  const shelf: Shelf<string> = new Map();
  for (const key of keys) store.put(shelf, key, of(key), bytesMax);
  return { store, shelf };
}

test('what was not asked for the longest gives way', () => {
  const { store, shelf } = filled(30, 'a', 'b', 'c');
  expect(store.get(shelf, 'a')).toBe('a');
  store.put(shelf, 'd', of('d'), 30);
  expect([...shelf.keys()].toSorted()).toEqual(['a', 'c', 'd']);
  expect(store).toMatchObject({ bytes: 30, count: 3, evictions: 1 });
});

test('a value takes the place of the one before', () => {
  const { store, shelf } = filled(30, 'a');
  store.put(shelf, 'a', of('other', 20), 30);
  expect(store.get(shelf, 'a')).toBe('other');
  expect(store).toMatchObject({ bytes: 20, count: 1, evictions: 0 });
});

test('what is larger than all may be is not kept, nor is what it would have replaced', () => {
  const { store, shelf } = filled(30, 'a');
  store.put(shelf, 'a', of('large', 31), 30);
  expect(store.get(shelf, 'a')).toBeUndefined();
  expect(store).toMatchObject({ bytes: 0, count: 0 });
});

test('shelves share the memory', () => {
  const { store, shelf } = filled(30, 'a', 'b');
  const second: Shelf<string> = new Map();
  store.put(second, 'a', of('x', 20), 30);
  expect([...shelf.keys()]).toEqual(['b']);
  store.shrink(0);
  expect([shelf.size, second.size, store.bytes, store.count]).toEqual([0, 0, 0, 0]);
});

test('removing the newest, the oldest and one between leaves the others in their order', () => {
  const { store, shelf } = filled(100, 'a', 'b', 'c', 'd', 'e');
  for (const key of ['e', 'a', 'c', 'none']) store.remove(shelf, key);
  store.put(shelf, 'f', of('f'), 20);
  expect([...shelf.keys()]).toEqual(['d', 'f']);
});
