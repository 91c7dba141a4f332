import { expect, test } from 'vitest';
import { inCommonOrder } from './in-common-order.ts';

test('what only one list has stands where it has it', () => {
  expect(
    inCommonOrder([
      ['0', '41', '42', '43'],
      ['-5', '0', '41', '43', '50'],
    ]),
  ).toEqual(['-5', '0', '41', '42', '43', '50']);
  expect(
    inCommonOrder([
      ['b', 'd'],
      ['a', 'b', 'c', 'd'],
      ['d', 'e'],
    ]),
  ).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('nothing is lost when the lists have nothing in common, or another order', () => {
  expect(inCommonOrder([[], ['a', 'b'], ['c']])).toEqual(['a', 'b', 'c']);
  expect(
    inCommonOrder([
      ['a', 'b'],
      ['b', 'a', 'c'],
    ]),
  ).toEqual(['a', 'b', 'c']);
});
