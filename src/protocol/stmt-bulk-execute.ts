import { readBinaryValue } from './binary-value.ts';
import { ColumnType } from './column-definition.ts';
import { CommandByte } from './commands.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import type { BoundParameter, ParameterType } from './stmt-execute.ts';

/**
 * MariaDB's execution of a prepared statement with many rows of parameters:
 * ```
 * fa | statement id u32 | flags u16 | [type u8, unsigned u8]… | rows: (indicator u8 | [value])…
 * ```
 * Types only with the flag SEND_TYPES, a value only behind the indicator `none`.
 * Source: https://mariadb.com/kb/en/com_stmt_bulk_execute/
 */
export interface StmtBulkExecute {
  readonly statementId: number;
  /** Bits of `BulkFlag`, and perhaps others. */
  readonly flags: number;
  readonly types: readonly ParameterType[];
  /**
   * Reads them one by one, from the first at each call. Throws LockstepError('malformed_packet') at
   * one that is cut off; a server has executed those before it by then.
   */
  readonly rows: () => Generator<readonly BulkParameter[]>;
}

export const BulkFlag = { SEND_UNIT_RESULTS: 64, SEND_TYPES: 128 } as const;

/** What stands before each value. */
export const BulkIndicator = { NONE: 0, NULL: 1, DEFAULT: 2, IGNORE: 3 } as const;

/** Its value is null where something else is to stand `instead`. */
export interface BulkParameter extends BoundParameter {
  /** The column's default; `ignore` in an UPDATE: what the column has. */
  readonly instead?: 'default' | 'ignore';
}

const unsignedBit = 0x80;

/** Statement id, flags. */
const headBytes = 1 + 4 + 2;

/** Throws LockstepError('malformed_packet') for what ends before its rows. */
export function decodeStmtBulkExecute(
  payload: Buffer,
  context: {
    /** Of the statement, as the server said when it was prepared. */
    readonly parameterCount: number;
    /** Types of the execution before; empty when there was none. */
    readonly previousTypes: readonly ParameterType[];
  },
): StmtBulkExecute {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== CommandByte.STMT_BULK_EXECUTE) throw malformed('not a COM_STMT_BULK_EXECUTE');
  const statementId = reader.u32();
  const flags = reader.u16();
  const sendsTypes = (flags & BulkFlag.SEND_TYPES) !== 0;
  const { parameterCount, previousTypes } = context;
  const types = sendsTypes ? readTypes(reader, parameterCount) : previousTypes;
  const rowsAt = headBytes + (sendsTypes ? parameterCount * 2 : 0);
  return { statementId, flags, types, rows: () => readRows(payload, rowsAt, types) };
}

function readTypes(reader: PayloadReader, count: number): ParameterType[] {
  if (count * 2 > reader.remaining) throw malformed(`${count} parameter types`);
  return Array.from({ length: count }, () => ({
    type: reader.u8(),
    unsigned: (reader.u8() & unsignedBit) !== 0,
  }));
}

function* readRows(
  payload: Buffer,
  rowsAt: number,
  types: readonly ParameterType[],
): Generator<readonly BulkParameter[]> {
  // Rows without parameters would take no bytes, and never end.
  if (types.length === 0) return;
  const reader = new PayloadReader(payload, rowsAt);
  while (reader.remaining > 0) yield types.map((type) => readParameter(reader, type));
}

function readParameter(reader: PayloadReader, { type, unsigned }: ParameterType): BulkParameter {
  const indicator = reader.u8();
  switch (indicator) {
    case BulkIndicator.NONE:
      if (type === ColumnType.NULL) throw malformed('a value of the type NULL');
      return { type, unsigned, value: readBinaryValue(reader, { type, unsigned }) };
    case BulkIndicator.NULL:
      return { type, unsigned, value: null };
    case BulkIndicator.DEFAULT:
      return { type, unsigned, value: null, instead: 'default' };
    case BulkIndicator.IGNORE:
      return { type, unsigned, value: null, instead: 'ignore' };
    default:
      throw malformed(`${indicator} before a parameter`);
  }
}
