import { expect, test } from 'vitest';
import { readBinaryValue, writeBinaryValue } from './binary-value.ts';
import type { BinaryValue } from './binary-value.ts';
import { ColumnType } from './column-definition.ts';
import { PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

const zeroTime = { hours: 0, minutes: 0, seconds: 0, microseconds: 0 };
const midnight = { hour: 0, minute: 0, second: 0, microsecond: 0 };

test.each<[keyof typeof ColumnType, boolean, Exclude<BinaryValue, null>, number]>([
  ['TINY', false, -128, 1],
  ['TINY', true, 255, 1],
  ['SHORT', false, -32_768, 2],
  ['SHORT', true, 65_535, 2],
  ['YEAR', true, 2155, 2],
  ['INT24', false, -8_388_608, 4],
  ['LONG', false, -2_147_483_648, 4],
  ['LONG', true, 4_294_967_295, 4],
  ['LONGLONG', false, -(2n ** 63n), 8],
  ['LONGLONG', true, 2n ** 64n - 1n, 8],
  ['FLOAT', false, Math.fround(0.1), 4],
  ['DOUBLE', false, 0.1, 8],
  ['NEWDECIMAL', false, Buffer.from('-0.10'), 6],
  ['VAR_STRING', false, Buffer.alloc(251, 7), 254],
  ['GEOMETRY', false, Buffer.alloc(0), 1],
  ['DATE', false, { kind: 'datetime', year: 9999, month: 12, day: 31, ...midnight }, 5],
  ['DATETIME', false, { kind: 'datetime', year: 1, month: 0, day: 0, ...midnight }, 8],
  [
    'TIMESTAMP',
    false,
    { kind: 'datetime', year: 2038, month: 1, day: 19, ...midnight, microsecond: 999_999 },
    12,
  ],
  ['TIME', false, { kind: 'time', negative: true, days: 34, ...zeroTime, hours: 22 }, 9],
  ['TIME', false, { kind: 'time', negative: false, days: 0, ...zeroTime, microseconds: 1 }, 13],
])('%s, unsigned %s', (name, unsigned, value, bytes) => {
  const type = { type: ColumnType[name], unsigned };
  const writer = new PayloadWriter();
  writeBinaryValue(writer, type, value);
  const payload = writer.finish();
  expect(payload).toHaveLength(bytes);
  expect(readBinaryValue(new PayloadReader(payload), type)).toEqual(value);
});

test('a zero date and a zero time take no bytes but their length', () => {
  const read = (type: number): BinaryValue =>
    readBinaryValue(new PayloadReader(Buffer.of(0)), { type, unsigned: false });
  expect(read(ColumnType.DATETIME)).toMatchObject({ year: 0, day: 0, microsecond: 0 });
  expect(read(ColumnType.TIME)).toMatchObject({ negative: false, days: 0, seconds: 0 });
});

test('lengths that dates and times cannot have are malformed', () => {
  const reading = (type: number, length: number) => (): BinaryValue =>
    readBinaryValue(new PayloadReader(Buffer.alloc(20, length)), { type, unsigned: false });
  expect(reading(ColumnType.DATE, 5)).toThrow('a date of 5 bytes');
  expect(reading(ColumnType.TIME, 7)).toThrow('a time of 7 bytes');
});
