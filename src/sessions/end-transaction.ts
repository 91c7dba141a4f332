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

/** It is over: its connection and its place at the gate are free. */
export function letGo(core: SessionCore, transaction: OpenTransaction): void {
  core.transaction = undefined;
  transaction.release();
  const { connection } = transaction.lane;
  if (connection !== core.pinned?.connection) transaction.node.pool.give(connection);
}
