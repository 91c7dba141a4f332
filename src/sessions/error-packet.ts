import { type ErrorCode, errorTable, LockstepError } from '../base/errors.ts';
import { NodeRefusedError } from '../nodes/client-handshake.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import type { ErrPacket } from '../protocol/err-packet.ts';

/** Anything else is a defect of our own. */
export const isExpected = (error: unknown): boolean =>
  error instanceof LockstepError ||
  error instanceof NodeQueryError ||
  error instanceof NodeRefusedError;

const asServersSay: ReadonlySet<ErrorCode> = new Set(['empty_query', 'packets_out_of_order']);

/** What the client is told of an error: the server's own words, or the table's code. */
export function errorPacket(error: unknown): ErrPacket {
  if (error instanceof NodeQueryError || error instanceof NodeRefusedError) {
    return { errno: error.errno, sqlState: error.sqlState, message: error.message };
  }
  if (error instanceof LockstepError) {
    return {
      errno: error.errno,
      sqlState: error.sqlState,
      message: asServersSay.has(error.code) ? error.message : `Lockstep: ${error.message}`,
    };
  }
  const { errno, sqlState } = errorTable.internal;
  return { errno, sqlState, message: 'Lockstep: internal error; the session was closed' };
}
