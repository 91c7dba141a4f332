import { LockstepError } from '../base/errors.ts';
import { ColumnType } from '../protocol/column-definition.ts';
import type { BoundParameter } from '../protocol/stmt-execute.ts';
import { type EscapeHidingCharset, hidesEscapes } from './lex-mode.ts';
import { characterBytes } from './multibyte.ts';
import { quoteString } from './quote.ts';
import { temporalLiteral } from './temporal-literal.ts';

export interface LiteralOptions {
  /** The session's character_set_client, in which strings are sent: `utf8mb4`, `latin1` … */
  readonly charset: string;
  readonly noBackslashEscapes: boolean;
}

/** As the servers group them: these arrive as binary strings, all other strings as text. */
const binaryTypes: ReadonlySet<number> = new Set([
  ColumnType.TINY_BLOB,
  ColumnType.MEDIUM_BLOB,
  ColumnType.LONG_BLOB,
  ColumnType.BLOB,
]);

const decimalTypes: ReadonlySet<number> = new Set([ColumnType.DECIMAL, ColumnType.NEWDECIMAL]);
const realTypes: ReadonlySet<number> = new Set([ColumnType.FLOAT, ColumnType.DOUBLE]);

/**
 * A bound parameter as an SQL literal (a binary string) that the server reads as the same value in
 * a session of these settings. Throws LockstepError('bad_request') for a number that no literal can be.
 */
export function literalOf(parameter: BoundParameter, options: LiteralOptions): string {
  const { type, value } = parameter;
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return realTypes.has(type) ? real(value) : integer(value);
  if (Buffer.isBuffer(value)) return bytesLiteral(type, value, options);
  return temporalLiteral(type, value);
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw notANumber(value);
  return Object.is(value, -0) ? '0' : value.toString();
}

/** With an exponent, since `0.1` would be a DECIMAL; JavaScript gives the digits that read back exactly. */
function real(value: number): string {
  if (!Number.isFinite(value)) throw notANumber(value);
  return Object.is(value, -0) ? '-0e0' : value.toExponential().replace('e+', 'e');
}

function notANumber(value: number): LockstepError {
  return new LockstepError('bad_request', `the parameter ${value} has no literal in SQL`);
}

function bytesLiteral(type: number, value: Buffer, options: LiteralOptions): string {
  if (decimalTypes.has(type)) {
    const text = value.toString('latin1').trim();
    if (/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text)) return text;
  }
  if (binaryTypes.has(type)) return binary(value, options);
  const text = value.toString('latin1');
  return hidesEscapes(options.charset)
    ? quoteCharacters(text, options.charset, options)
    : quoteString(text, options);
}

/** Behind an introducer X'…' is a string, not a number. */
function binary(value: Buffer, options: LiteralOptions): string {
  if (hidesEscapes(options.charset)) return `_binary X'${value.toString('hex')}'`;
  return `_binary${quoteString(value.toString('latin1'), options)}`;
}

/**
 * Escapes character by character, as the server will read: the second byte of a character stays as
 * it is, even if it is that of a backslash. A quote is doubled, since `\'` behind a lone first byte
 * would be read as a character and the end of the string.
 */
function quoteCharacters(text: string, charset: EscapeHidingCharset, options: LiteralOptions) {
  let quoted = "'";
  for (let at = 0; at < text.length; ) {
    const length = characterBytes(text, at, charset);
    const character = text.slice(at, at + length);
    if (character === "'") quoted += "''";
    else if (character === '\\' && !options.noBackslashEscapes) quoted += '\\\\';
    else quoted += character;
    at += length;
  }
  return `${quoted}'`;
}
