import { bitmapBytes, isNullAt } from './binary-row.ts';
import { readBinaryValue } from './binary-value.ts';
import type { BinaryType } from './binary-value.ts';
import { CommandByte } from './commands.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { type BoundParameter, CursorFlag } from './stmt-execute.ts';

/** A value that a client of MySQL 8.0.23 or later sends beside a statement. */
export interface QueryAttribute extends BoundParameter {
  /** A binary string in the client's character set. */
  readonly name: string;
}

/** A command as a client without QUERY_ATTRIBUTES sends it, and what was taken out. */
export interface PlainCommand {
  readonly payload: Buffer;
  readonly attributes: readonly QueryAttribute[];
}

/** Of a parameter or attribute, as it was sent last. */
export interface NamedType extends BinaryType {
  readonly name: string;
}

/** Both servers' limit for parameters, which are counted in 16 bits. */
const attributesMax = 65_535;
const unsignedBit = 0x80;

/**
 * COM_QUERY with QUERY_ATTRIBUTES:
 *
 * ```
 * 03 | count lenenc | sets lenenc (1)
 *    | [null bitmap | 01 | [type u16, name lenenc]… | values…] | text
 * ```
 * Source: page "COM_QUERY". Throws LockstepError('malformed_packet').
 *
 * Without attributes, which is most often, the plain command lies in the same bytes, which may be
 * many: the one in front of the text is overwritten.
 */
export function plainQuery(payload: Buffer): PlainCommand {
  const reader = new PayloadReader(payload, 1);
  const count = reader.lenencInt();
  if (count > attributesMax || reader.lenencInt() !== 1) throw malformed('query attributes');
  if (count > 0) {
    const attributes = readAttributes(reader, count);
    return { payload: Buffer.concat([payload.subarray(0, 1), reader.rest()]), attributes };
  }
  const begin = reader.offset - 1;
  payload[begin] = CommandByte.QUERY;
  return { payload: payload.subarray(begin), attributes: [] };
}

function readAttributes(reader: PayloadReader, count: number): QueryAttribute[] {
  const bitmap = reader.bytes(bitmapBytes(count, 0));
  if (reader.u8() !== 1) throw malformed('query attributes without types');
  return readValues(reader, readNamedTypes(reader, count), bitmap, 0);
}

function readValues(
  reader: PayloadReader,
  types: readonly NamedType[],
  bitmap: Buffer,
  from: number,
): QueryAttribute[] {
  return types.map((type, index) => ({
    ...type,
    value: isNullAt(bitmap, from + index) ? null : readBinaryValue(reader, type),
  }));
}

function readNamedTypes(reader: PayloadReader, count: number): NamedType[] {
  // Each takes three bytes: a count beyond what is there must not allocate anything.
  if (count * 3 > reader.remaining) throw malformed(`${count} parameter types`);
  return Array.from({ length: count }, () => {
    const type = reader.u8();
    const unsigned = (reader.u8() & unsignedBit) !== 0;
    return { type, unsigned, name: reader.lenencBytes().toString('latin1') };
  });
}

export interface AttributedExecution {
  /** Of the statement. */
  readonly parameterCount: number;
  /** Of parameters and attributes in the execution before; empty when there was none. */
  readonly previousTypes: readonly NamedType[];
  /** Indexes of parameters that came by COM_STMT_SEND_LONG_DATA. */
  readonly longData: { has(index: number): boolean };
}

/**
 * COM_STMT_EXECUTE with QUERY_ATTRIBUTES, whose attributes are the parameters beyond those of the
 * statement. Source: page "COM_STMT_EXECUTE". Throws LockstepError('malformed_packet').
 */
export function plainExecution(
  payload: Buffer,
  { parameterCount, previousTypes, longData }: AttributedExecution,
): PlainCommand & { readonly types: readonly NamedType[] } {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== CommandByte.STMT_EXECUTE) throw malformed('not a COM_STMT_EXECUTE');
  reader.advance(4);
  const flags = reader.u8();
  reader.advance(4);
  const head = Buffer.from(payload.subarray(0, reader.offset));
  head[5] = flags & ~CursorFlag.PARAMETER_COUNT_AVAILABLE;
  const counted = (flags & CursorFlag.PARAMETER_COUNT_AVAILABLE) !== 0;
  const sent = counted ? reader.lenencInt() : parameterCount;
  if (sent < parameterCount || sent > attributesMax) throw malformed(`${sent} parameters sent`);
  if (sent === 0) return { payload: head, attributes: [], types: [] };
  const bitmap = reader.bytes(bitmapBytes(sent, 0));
  const newTypes = reader.u8() !== 0;
  const types = newTypes ? readNamedTypes(reader, sent) : previousTypes;
  if (types.length < sent) throw malformed('no types for the parameters');
  const valuesAt = reader.offset;
  for (let index = 0; index < parameterCount; index += 1) {
    const type = types[index] as NamedType;
    if (!longData.has(index) && !isNullAt(bitmap, index)) readBinaryValue(reader, type);
  }
  const values = payload.subarray(valuesAt, reader.offset);
  const attributes = readValues(reader, types.slice(parameterCount, sent), bitmap, parameterCount);
  if (parameterCount === 0) return { payload: head, attributes, types };
  const plain = [head, ownBits(bitmap, parameterCount), Buffer.of(newTypes ? 1 : 0)];
  for (const { type, unsigned } of newTypes ? types.slice(0, parameterCount) : []) {
    plain.push(Buffer.of(type, unsigned ? unsignedBit : 0));
  }
  return { payload: Buffer.concat([...plain, values]), attributes, types };
}

/** The first `count` bits. */
function ownBits(bitmap: Buffer, count: number): Buffer {
  const own = Buffer.from(bitmap.subarray(0, bitmapBytes(count, 0)));
  const last = own.length - 1;
  own[last] = (own[last] ?? 0) & (0xff >> (own.length * 8 - count));
  return own;
}
