import type { DateTimeValue, TimeValue } from '../protocol/binary-value.ts';
import { ColumnType } from '../protocol/column-definition.ts';

export type TemporalValue = DateTimeValue | TimeValue;

const hoursMax = 838;
const uint32Values = 2 ** 32;

const pad = (value: number, width: number): string => value.toString().padStart(width, '0');

/** Both servers add up the hours in 32 bits. */
const hoursOf = ({ days, hours }: TimeValue): number => (days * 24 + hours) % uint32Values;

/** No date or time at all, rather than a day that its month does not have. */
function hasImpossiblePart(value: TemporalValue): boolean {
  if (value.kind === 'time') {
    return value.minutes > 59 || value.seconds > 59 || value.microseconds > 999_999;
  }
  const { year, month, day, hour, minute, second, microsecond } = value;
  if (year > 9999 || month > 12 || day > 31) return true;
  return hour > 23 || minute > 59 || second > 59 || microsecond > 999_999;
}

/** What MySQL does not let be bound, while MariaDB takes it for another value. */
export function isOutOfRange(value: TemporalValue): boolean {
  if (hasImpossiblePart(value)) return true;
  if (value.kind !== 'time') return false;
  const hours = hoursOf(value);
  const { minutes, seconds, microseconds } = value;
  const most = hours === hoursMax && minutes === 59 && seconds === 59;
  return hours > hoursMax || (most && microseconds > 0);
}

/**
 * A date or time that was bound, as a literal; one that is out of range as MariaDB takes it.
 *
 * TIMESTAMP'…' rather than '…', which would be a string: MariaDB stores the one and the other
 * differently in a number column (measured). A date with zeros, though, or the 31st of February, is
 * refused as such a literal and only possible as a string.
 */
export function temporalLiteral(type: number, value: TemporalValue): string {
  return value.kind === 'time' ? time(value) : dateTime(type, value);
}

function dateTime(type: number, bound: DateTimeValue): string {
  const value = hasImpossiblePart(bound) ? zeroed(bound) : bound;
  const date = `${pad(value.year, 4)}-${pad(value.month, 2)}-${pad(value.day, 2)}`;
  const whole = value.month > 0 && value.day > 0 && value.day <= daysOf(value);
  if (type === ColumnType.DATE || type === ColumnType.NEWDATE) {
    return `${whole ? 'DATE' : ''}'${date}'`;
  }
  const clock = `${pad(value.hour, 2)}:${pad(value.minute, 2)}:${pad(value.second, 2)}`;
  const fraction = fractionOf(bound.microsecond, value.microsecond);
  return `${whole ? 'TIMESTAMP' : ''}'${date} ${clock}${fraction}'`;
}

const zeroed = (value: DateTimeValue): DateTimeValue => ({
  ...{ ...value, year: 0, month: 0, day: 0 },
  ...{ hour: 0, minute: 0, second: 0, microsecond: 0 },
});

/** The year 0 is none in which February has 29 days. */
function daysOf({ year, month }: DateTimeValue): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) && year !== 0;
  return leap ? 29 : 28;
}

/** A time that is too long becomes the longest, but keeps its fraction. */
function time(value: TimeValue): string {
  const { microseconds } = value;
  const sign = value.negative ? '-' : '';
  if (hoursOf(value) > hoursMax && microseconds <= 999_999) {
    return `TIME'${sign}${hoursMax}:59:59${fractionOf(microseconds)}'`;
  }
  if (hasImpossiblePart(value)) return `TIME'00:00:00${fractionOf(microseconds, 0)}'`;
  const clock = `${pad(hoursOf(value), 2)}:${pad(value.minutes, 2)}:${pad(value.seconds, 2)}`;
  return `TIME'${sign}${clock}${fractionOf(microseconds)}'`;
}

/** Six digits where a fraction was bound, also if nothing is left of it. */
const fractionOf = (bound: number, left: number = bound): string =>
  bound === 0 ? '' : `.${pad(left, 6)}`;
