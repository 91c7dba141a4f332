import { MariadbCapability, mariadbFlags } from './capabilities.ts';
import { PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/**
 * One column of a result set, or one parameter of a prepared statement. Strings are UTF-8: the
 * connections that are decoded ask for utf8mb4 results.
 * Source: page "Protocol::ColumnDefinition41".
 */
export interface ColumnDefinition41 {
  readonly catalog: string;
  readonly schema: string;
  /** The alias of the table; `originalTable` is its name. */
  readonly table: string;
  readonly originalTable: string;
  /** The alias of the column; `originalName` is its name. */
  readonly name: string;
  readonly originalName: string;
  /** Collation id; 63 is binary. */
  readonly characterSet: number;
  readonly lengthMax: number;
  readonly type: number;
  readonly flags: number;
  readonly decimals: number;
}

/** Source: MySQL `include/field_types.h`, the same numbers in MariaDB. */
export const ColumnType = {
  DECIMAL: 0x00,
  TINY: 0x01,
  SHORT: 0x02,
  LONG: 0x03,
  FLOAT: 0x04,
  DOUBLE: 0x05,
  NULL: 0x06,
  TIMESTAMP: 0x07,
  LONGLONG: 0x08,
  INT24: 0x09,
  DATE: 0x0a,
  TIME: 0x0b,
  DATETIME: 0x0c,
  YEAR: 0x0d,
  NEWDATE: 0x0e,
  VARCHAR: 0x0f,
  BIT: 0x10,
  VECTOR: 0xf2,
  JSON: 0xf5,
  NEWDECIMAL: 0xf6,
  ENUM: 0xf7,
  SET: 0xf8,
  TINY_BLOB: 0xf9,
  MEDIUM_BLOB: 0xfa,
  LONG_BLOB: 0xfb,
  BLOB: 0xfc,
  VAR_STRING: 0xfd,
  STRING: 0xfe,
  GEOMETRY: 0xff,
} as const;

/** Source: MySQL `include/mysql_com.h`. */
export const ColumnFlag = {
  NOT_NULL: 1,
  PRI_KEY: 2,
  UNIQUE_KEY: 4,
  MULTIPLE_KEY: 8,
  BLOB: 16,
  UNSIGNED: 32,
  ZEROFILL: 64,
  BINARY: 128,
  ENUM: 256,
  AUTO_INCREMENT: 512,
  TIMESTAMP: 1024,
  SET: 2048,
  NO_DEFAULT_VALUE: 4096,
  ON_UPDATE_NOW: 8192,
  NUM: 32_768,
} as const;

/** Bytes of the fields of fixed length, which their own length precedes. */
const fixedFieldBytes = 0x0c;

/**
 * `capabilities`: those agreed on the connection; only MariaDB's EXTENDED_METADATA matters, under
 * which a type's name or format stands before the fields of fixed length.
 */
export function decodeColumnDefinition(payload: Buffer, capabilities = 0): ColumnDefinition41 {
  const reader = new PayloadReader(payload);
  const text = (): string => reader.lenencBytes().toString('utf8');
  const catalog = text();
  const schema = text();
  const table = text();
  const originalTable = text();
  const name = text();
  const originalName = text();
  if (hasExtendedMetadata(capabilities)) reader.lenencBytes();
  const fixed = new PayloadReader(reader.lenencBytes());
  return {
    catalog,
    schema,
    table,
    originalTable,
    name,
    originalName,
    characterSet: fixed.u16(),
    lengthMax: fixed.u32(),
    type: fixed.u8(),
    flags: fixed.u16(),
    decimals: fixed.u8(),
  };
}

export const hasExtendedMetadata = (capabilities: number): boolean =>
  (mariadbFlags(capabilities) & MariadbCapability.EXTENDED_METADATA) !== 0;

export function encodeColumnDefinition(column: ColumnDefinition41, capabilities = 0): Buffer {
  const writer = new PayloadWriter(96);
  const { catalog, schema, table, originalTable, name, originalName } = column;
  for (const text of [catalog, schema, table, originalTable, name, originalName]) {
    writer.lenencBytes(Buffer.from(text, 'utf8'));
  }
  if (hasExtendedMetadata(capabilities)) writer.lenencInt(0);
  return writer
    .u8(fixedFieldBytes)
    .u16(column.characterSet)
    .u32(column.lengthMax)
    .u8(column.type)
    .u16(column.flags)
    .u8(column.decimals)
    .zeros(2)
    .finish();
}
