import { writeBinaryValue } from '../binary-value.ts';
import { CommandByte } from '../commands.ts';
import { PayloadWriter } from '../packet-writer.ts';
import { BulkFlag, BulkIndicator, type BulkParameter } from '../stmt-bulk-execute.ts';
import { encodeTypes } from '../stmt-execute.ts';

export type BulkRow = readonly BulkParameter[];

/** A COM_STMT_BULK_EXECUTE as MariaDB's connectors send it; the first row has the types. */
export function encodeStmtBulkExecute(execute: {
  readonly statementId: number;
  readonly rows: readonly BulkRow[];
  readonly flags?: number;
}): Buffer {
  const { statementId, rows, flags = BulkFlag.SEND_TYPES } = execute;
  const writer = new PayloadWriter(64)
    .u8(CommandByte.STMT_BULK_EXECUTE)
    .u32(statementId)
    .u16(flags);
  if ((flags & BulkFlag.SEND_TYPES) !== 0) writer.bytes(encodeTypes(rows[0] ?? []));
  for (const parameter of rows.flat()) {
    writer.u8(indicatorOf(parameter));
    if (parameter.value !== null) writeBinaryValue(writer, parameter, parameter.value);
  }
  return writer.finish();
}

function indicatorOf({ value, instead }: BulkParameter): number {
  if (instead === 'default') return BulkIndicator.DEFAULT;
  if (instead === 'ignore') return BulkIndicator.IGNORE;
  return value === null ? BulkIndicator.NULL : BulkIndicator.NONE;
}
