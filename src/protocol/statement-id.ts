import { malformed } from './packet-reader.ts';

/** Where EXECUTE, SEND_LONG_DATA, CLOSE, RESET, FETCH and BULK_EXECUTE carry the id, u32. */
const statementIdOffset = 1;

/** Throws LockstepError('malformed_packet') when the command is too short. */
export function statementIdOf(payload: Buffer): number {
  if (payload.length < statementIdOffset + 4) throw malformed('a command without a statement id');
  return payload.readUInt32LE(statementIdOffset);
}

/**
 * A copy of the command with another statement id. Ids are the server's own numbers, so each
 * connection has a different one for the same statement of a client.
 */
export function rewriteStatementId(payload: Buffer, statementId: number): Buffer {
  statementIdOf(payload);
  const copy = Buffer.from(payload);
  copy.writeUInt32LE(statementId, statementIdOffset);
  return copy;
}
