import { ColumnType } from './column-definition.ts';
import { malformed } from './packet-reader.ts';
import type { PayloadReader } from './packet-reader.ts';
import type { PayloadWriter } from './packet-writer.ts';

/** DATE, DATETIME and TIMESTAMP; a DATE has zeros for the time of day. */
export interface DateTimeValue {
  readonly kind: 'datetime';
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

/** TIME, up to 838 hours: `days` and `hours` below 24 together. */
export interface TimeValue {
  readonly kind: 'time';
  readonly negative: boolean;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly microseconds: number;
}

/**
 * A value of the binary protocol: number for integers of up to 4 bytes, FLOAT (widened, so
 * exact) and DOUBLE; bigint for LONGLONG; bytes for strings, decimals, blobs and the rest.
 */
export type BinaryValue = null | number | bigint | Buffer | DateTimeValue | TimeValue;

export interface BinaryType {
  /** One of `ColumnType`. */
  readonly type: number;
  readonly unsigned: boolean;
}

/** Reads a value that is not NULL. Source: page "Binary Protocol Resultset", "Binary Value". */
export function readBinaryValue(
  reader: PayloadReader,
  { type, unsigned }: BinaryType,
): BinaryValue {
  switch (type) {
    case ColumnType.NULL:
      return null;
    case ColumnType.TINY:
      return unsigned ? reader.u8() : reader.i8();
    case ColumnType.SHORT:
    case ColumnType.YEAR:
      return unsigned ? reader.u16() : reader.i16();
    case ColumnType.LONG:
    case ColumnType.INT24:
      return unsigned ? reader.u32() : reader.i32();
    case ColumnType.LONGLONG:
      return unsigned ? reader.u64() : reader.i64();
    case ColumnType.FLOAT:
      return reader.float();
    case ColumnType.DOUBLE:
      return reader.double();
    case ColumnType.DATE:
    case ColumnType.DATETIME:
    case ColumnType.TIMESTAMP:
      return readDateTime(reader);
    case ColumnType.TIME:
      return readTime(reader);
    default:
      return reader.lenencBytes();
  }
}

/** length u8 (0, 4, 7 or 11) | year u16 month u8 day u8 | hour minute second | microsecond u32 */
function readDateTime(reader: PayloadReader): DateTimeValue {
  const length = reader.u8();
  if (![0, 4, 7, 11].includes(length)) throw malformed(`a date of ${length} bytes`);
  const [year, month, day] = length > 0 ? [reader.u16(), reader.u8(), reader.u8()] : [0, 0, 0];
  const [hour, minute, second] = length > 4 ? [reader.u8(), reader.u8(), reader.u8()] : [0, 0, 0];
  const microsecond = length > 7 ? reader.u32() : 0;
  return { kind: 'datetime', year, month, day, hour, minute, second, microsecond };
}

/** length u8 (0, 8 or 12) | negative u8 | days u32 | hours minutes seconds | microseconds u32 */
function readTime(reader: PayloadReader): TimeValue {
  const length = reader.u8();
  if (![0, 8, 12].includes(length)) throw malformed(`a time of ${length} bytes`);
  const negative = length > 0 && reader.u8() !== 0;
  const days = length > 0 ? reader.u32() : 0;
  const [hours, minutes, seconds] =
    length > 0 ? [reader.u8(), reader.u8(), reader.u8()] : [0, 0, 0];
  const microseconds = length > 8 ? reader.u32() : 0;
  return { kind: 'time', negative, days, hours, minutes, seconds, microseconds };
}

/** Writes a value that is not null in the form its type has. */
export function writeBinaryValue(
  writer: PayloadWriter,
  { type }: BinaryType,
  value: Exclude<BinaryValue, null>,
): void {
  if (Buffer.isBuffer(value)) writer.lenencBytes(value);
  else if (typeof value === 'object') writeTemporal(writer, type, value);
  else writeNumber(writer, type, value);
}

function writeNumber(writer: PayloadWriter, type: number, value: number | bigint): void {
  switch (type) {
    case ColumnType.TINY:
      writer.u8(Number(value) & 0xff);
      return;
    case ColumnType.SHORT:
    case ColumnType.YEAR:
      writer.u16(Number(value) & 0xffff);
      return;
    case ColumnType.LONG:
    case ColumnType.INT24:
      writer.u32(Number(value) >>> 0);
      return;
    case ColumnType.LONGLONG:
      writer.u64(BigInt.asUintN(64, BigInt(value)));
      return;
    case ColumnType.FLOAT:
      writer.float(Number(value));
      return;
    case ColumnType.DOUBLE:
      writer.double(Number(value));
      return;
    default:
      throw malformed(`a number as column type 0x${type.toString(16)}`);
  }
}

function writeTemporal(
  writer: PayloadWriter,
  type: number,
  value: DateTimeValue | TimeValue,
): void {
  if (value.kind === 'time') {
    const { days, hours, minutes, seconds, microseconds } = value;
    writer.u8(microseconds === 0 ? 8 : 12).u8(value.negative ? 1 : 0);
    writer.u32(days).u8(hours).u8(minutes).u8(seconds);
    if (microseconds !== 0) writer.u32(microseconds);
    return;
  }
  const { microsecond } = value;
  const length = type === ColumnType.DATE ? 4 : microsecond === 0 ? 7 : 11;
  writer.u8(length).u16(value.year).u8(value.month).u8(value.day);
  if (length > 4) writer.u8(value.hour).u8(value.minute).u8(value.second);
  if (length > 7) writer.u32(microsecond);
}
