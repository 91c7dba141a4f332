import { describe, expect, test } from 'vitest';
import type { DateTimeValue, TimeValue } from '../protocol/binary-value.ts';
import { ColumnType } from '../protocol/column-definition.ts';
import { literalOf } from './literal-of.ts';
import { isOutOfRange, type TemporalValue } from './temporal-literal.ts';

const literal = (type: number, value: TemporalValue): string =>
  literalOf({ type, unsigned: false, value }, { charset: 'utf8mb4', noBackslashEscapes: false });

const date = (value: Partial<DateTimeValue>): DateTimeValue => {
  const none = { hour: 0, minute: 0, second: 0, microsecond: 0 };
  return { kind: 'datetime', year: 2024, month: 2, day: 28, ...none, ...value };
};
const time = (value: Partial<TimeValue>): TimeValue => {
  const none = { days: 0, hours: 0, minutes: 0, seconds: 0, microseconds: 0 };
  return { kind: 'time', negative: false, ...none, ...value };
};
const longest = { days: 34, hours: 22, minutes: 59, seconds: 59 };

describe('a date that is bound', () => {
  test.each([
    [{ day: 29, hour: 1 }, "TIMESTAMP'2024-02-29 01:00:00'"],
    [{ microsecond: 7 }, "TIMESTAMP'2024-02-28 00:00:00.000007'"],
    [{ year: 0, month: 1 }, "TIMESTAMP'0000-01-28 00:00:00'"],
    [{ year: 2000, day: 29 }, "TIMESTAMP'2000-02-29 00:00:00'"],
  ])('%o is a literal', (value, expected) => {
    expect(literal(ColumnType.DATETIME, date(value))).toBe(expected);
    expect(isOutOfRange(date(value))).toBe(false);
  });

  test.each([
    [{ day: 31 }, "'2024-02-31 00:00:00'"],
    [{ month: 4, day: 31 }, "'2024-04-31 00:00:00'"],
    [{ year: 2023, day: 29 }, "'2023-02-29 00:00:00'"],
    [{ year: 1900, day: 29 }, "'1900-02-29 00:00:00'"],
    [{ year: 0, day: 29 }, "'0000-02-29 00:00:00'"],
    [{ month: 0 }, "'2024-00-28 00:00:00'"],
    [{ year: 0, month: 0, day: 0 }, "'0000-00-00 00:00:00'"],
  ])('%o, which is no day, is a string', (value, expected) => {
    expect(literal(ColumnType.DATETIME, date(value))).toBe(expected);
    expect(isOutOfRange(date(value))).toBe(false);
  });

  test.each([
    { year: 10_000 },
    { month: 13 },
    { day: 32 },
    { hour: 24 },
    { minute: 60 },
    { second: 60 },
  ])('%o, which is out of range, is the date of zeros', (value) => {
    expect(literal(ColumnType.TIMESTAMP, date(value))).toBe("'0000-00-00 00:00:00'");
    expect(literal(ColumnType.DATE, date(value))).toBe("'0000-00-00'");
    expect(isOutOfRange(date(value))).toBe(true);
  });

  test('with too many microseconds is the date of zeros with a fraction', () => {
    const value = date({ microsecond: 1_000_000 });
    expect(literal(ColumnType.DATETIME, value)).toBe("'0000-00-00 00:00:00.000000'");
    expect(isOutOfRange(value)).toBe(true);
  });
});

describe('a time that is bound', () => {
  test.each([
    [{ hours: 10, minutes: 11 }, "TIME'10:11:00'", false],
    [{ negative: true, days: 1, microseconds: 13 }, "TIME'-24:00:00.000013'", false],
    [{ days: 10, hours: 200 }, "TIME'440:00:00'", false],
    [longest, "TIME'838:59:59'", false],
    [{ ...longest, microseconds: 1 }, "TIME'838:59:59.000001'", true],
    [{ days: 35, hours: 12, minutes: 30 }, "TIME'838:59:59'", true],
    [{ negative: true, days: 35, microseconds: 123 }, "TIME'-838:59:59.000123'", true],
    [{ days: 35, minutes: 60 }, "TIME'838:59:59'", true],
    [{ hours: 5, minutes: 60 }, "TIME'00:00:00'", true],
    [{ negative: true, hours: 5, seconds: 60 }, "TIME'00:00:00'", true],
    [{ hours: 5, microseconds: 1_000_000 }, "TIME'00:00:00.000000'", true],
    [{ days: 178_956_970, hours: 20 }, "TIME'04:00:00'", false],
    [{ days: 4_294_967_295 }, "TIME'838:59:59'", true],
  ])('%o is %s', (value, expected, outOfRange) => {
    expect(literal(ColumnType.TIME, time(value))).toBe(expected);
    expect(isOutOfRange(time(value))).toBe(outOfRange);
  });
});
