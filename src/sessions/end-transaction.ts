import { NodeConnectionLostError } from '../nodes/node-connection.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionCore } from './session-core.ts';

/** Undoes what is open; that its connection is lost does as well. */
export async function endTransaction(
  core: SessionCore,
  transaction: OpenTransaction,
): Promise<void> {
  try {
    await transaction.lane.rollback();
  } catch (error) {
    if (!(error instanceof NodeConnectionLostError)) throw error;
  } finally {
    letGo(core, transaction);
  }
}

/**
 * Ends one of which nothing is to be logged. A temporary table has no copy, and what was done to
 * it stays, as on a server.
 */
export async function endUnlogged(core: SessionCore, transaction: OpenTransaction): Promise<void> {
  if (core.temporaryTables.size === 0) return endTransaction(core, transaction);
  try {
    await transaction.lane.commitUnlogged();
  } catch (error) {
    core.checkPinned();
    throw error;
  } finally {
    letGo(core, transaction);
  }
}

/** It is over: its connection and its place at the gate are free. */
export function letGo(core: SessionCore, transaction: OpenTransaction): void {
  core.transaction = undefined;
  core.savepoints.clear();
  transaction.release();
  const { connection } = transaction.lane;
  if (connection !== core.pinned?.connection) transaction.node.pool.give(connection);
}
