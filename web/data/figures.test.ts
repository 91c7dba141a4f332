import { expect, test } from 'vitest';
import { bytes, duration, milliseconds, rate } from './figures.ts';

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [200_000, '3 min 20 s'],
  [3_600_000, '1 h'],
  [190_800_000, '2 d 5 h'],
])('%i ms last %s', (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_500, '1.5 kB'],
  [123_456_789, '123 MB'],
])('%i bytes are %s', (value, expected) => {
  expect(bytes(value)).toBe(expected);
});

test('rates and times have no more digits than help', () => {
  expect([0, 3.41, 1_250.4, 12_500].map(rate)).toEqual(['0', '3.4', '1,250', '12.5K']);
  expect([0.1234, 45.67, 456.7, 1_234].map(milliseconds)).toEqual([
    '0.12 ms',
    '45.7 ms',
    '457 ms',
    '1.23 s',
  ]);
});
