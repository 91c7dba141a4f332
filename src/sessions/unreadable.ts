import type { NodeConnection } from '../nodes/node-connection.ts';
import { closeOn, errorOf, prepareRaw } from './prepared-on-node.ts';
import { readingErrors } from './reading-errors.ts';
import type { SessionCore } from './session-core.ts';
import { isAsSession } from './transaction-characteristics.ts';
import { withConnection } from './with-connection.ts';
import type { WriteRequest } from './write-request.ts';

const statementIdAt = 5;

/**
 * A statement that commits what is open does so once it has been read, so one that cannot be read
 * commits nothing. Where there is something to lose, a node reads it first; throws what it says.
 */
export async function refuseUnreadable(core: SessionCore, { sql }: WriteRequest): Promise<void> {
  const { transaction, tableLock, characteristics, savepoints } = core;
  const keeps = transaction ?? tableLock ?? savepoints.names[0];
  if (keeps === undefined && isAsSession(characteristics)) return;
  await withConnection(core, async (connection: NodeConnection) => {
    const answer = await prepareRaw(connection, sql);
    if (answer[4] === 0) return closeOn(connection, answer.readUInt32LE(statementIdAt));
    const error = errorOf(answer);
    if (readingErrors.has(error.errno)) throw error;
  });
}
