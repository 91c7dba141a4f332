import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/**
 * The first packet of the answer to COM_STMT_PREPARE; definitions of the parameters, then of
 * the columns follow. Source: page "COM_STMT_PREPARE Response".
 */
export interface StmtPrepareOk {
  readonly statementId: number;
  readonly columnCount: number;
  readonly parameterCount: number;
  readonly warnings: number;
}

export function decodeStmtPrepareOk(payload: Buffer): StmtPrepareOk {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== 0) throw malformed('not an answer to prepare');
  const statementId = reader.u32();
  const columnCount = reader.u16();
  const parameterCount = reader.u16();
  reader.advance(1);
  const warnings = reader.remaining >= 2 ? reader.u16() : 0;
  return { statementId, columnCount, parameterCount, warnings };
}

export function encodeStmtPrepareOk(answer: StmtPrepareOk): Buffer {
  return new PayloadWriter()
    .u8(0)
    .u32(answer.statementId)
    .u16(answer.columnCount)
    .u16(answer.parameterCount)
    .u8(0)
    .u16(answer.warnings)
    .finish();
}
