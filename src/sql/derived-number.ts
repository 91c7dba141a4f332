import { ColumnType } from '../protocol/column-definition.ts';
import type { BoundParameter } from '../protocol/stmt-execute.ts';

const realTypes: ReadonlySet<number> = new Set([ColumnType.FLOAT, ColumnType.DOUBLE]);
const textTypes: ReadonlySet<number> = new Set([
  ColumnType.VARCHAR,
  ColumnType.VAR_STRING,
  ColumnType.STRING,
]);

// A literal of more digits is no DECIMAL.
const digitsMax = 65;
const fractionDigitsMax = 30;

const numberIn = /^ *([-+]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,2}))? *$/;

/**
 * The literal of what is bound where MySQL expects an exact number: text with a number in it, or,
 * where it expects an integer, a double. The server makes such a number of it; as a string or a
 * double it would turn the whole expression into a double, which has 53 bits. Undefined: what is
 * bound is no such thing, and its own literal will do.
 * Source: MySQL Reference Manual, "PREPARE Statement", on parameters whose types are derived.
 */
export function derivedNumber(
  { type, value }: BoundParameter,
  expects: 'integer' | 'decimal',
): string | undefined {
  if (typeof value === 'number' && realTypes.has(type)) {
    if (expects !== 'integer' || !Number.isSafeInteger(value)) return undefined;
    return Object.is(value, -0) ? '0' : value.toString();
  }
  if (!Buffer.isBuffer(value) || !textTypes.has(type) || value.length > 100) return undefined;
  const [found, sign, whole = '', fraction = '', exponent = '0'] =
    numberIn.exec(value.toString('latin1')) ?? [];
  if (found === undefined) return undefined;
  return moved({ sign: sign === '-' ? '-' : '', whole, fraction }, Number(exponent));
}

interface Digits {
  readonly sign: string;
  readonly whole: string;
  readonly fraction: string;
}

/** With the point moved by `exponent`: a literal that has one would be a double. */
function moved({ sign, whole, fraction }: Digits, exponent: number): string | undefined {
  const point = whole.length + exponent;
  const digits = ('0'.repeat(Math.max(0, 1 - point)) + whole + fraction).padEnd(point, '0');
  const wholeLength = Math.max(1, point);
  const before = digits.slice(0, wholeLength).replace(/^0+(?=\d)/, '');
  const after = digits.slice(wholeLength);
  if (before.length + after.length > digitsMax || after.length > fractionDigitsMax) {
    return undefined;
  }
  return `${sign}${before}${after === '' ? '' : `.${after}`}`;
}
