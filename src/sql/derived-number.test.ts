import { expect, test } from 'vitest';
import { ColumnType } from '../protocol/column-definition.ts';
import { derivedNumber } from './derived-number.ts';

const text = (value: string) => ({
  type: ColumnType.VAR_STRING,
  unsigned: false,
  value: Buffer.from(value),
});
const double = (value: number) => ({ type: ColumnType.DOUBLE, unsigned: false, value });

test.each([
  ['0.5', '0.5'],
  [' -12 ', '-12'],
  ['+007', '7'],
  ['1.50', '1.50'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['18446744073709551615', '18446744073709551615'],
  ['1e3', '1000'],
  ['1.25E+1', '12.5'],
  ['1e-7', '0.0000001'],
  ['-12.5e-2', '-0.125'],
  ['0e5', '0'],
])('text %j where a number is expected is the number %s', (bound, literal) => {
  expect(derivedNumber(text(bound), 'decimal')).toBe(literal);
  expect(derivedNumber(text(bound), 'integer')).toBe(literal);
});

test.each(['', ' ', '-', '.', '12x', '0x10', '1e', '1 2', '1e70', '1e-31', '\t1', 'NaN'])(
  'text %j stays text',
  (bound) => expect(derivedNumber(text(bound), 'decimal')).toBeUndefined(),
);

test('a double is an integer only where one is expected and it is one', () => {
  expect(derivedNumber(double(1), 'integer')).toBe('1');
  expect(derivedNumber(double(-0), 'integer')).toBe('0');
  expect(derivedNumber(double(0.5), 'integer')).toBeUndefined();
  expect(derivedNumber(double(1e20), 'integer')).toBeUndefined();
  expect(derivedNumber(double(1), 'decimal')).toBeUndefined();
});

test('bytes, dates and NULL are left alone', () => {
  const bytes = { type: ColumnType.BLOB, unsigned: false, value: Buffer.from('1') };
  expect(derivedNumber(bytes, 'decimal')).toBeUndefined();
  const none = { type: ColumnType.NULL, unsigned: false, value: null };
  expect(derivedNumber(none, 'integer')).toBeUndefined();
});
