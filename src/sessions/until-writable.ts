import { NodeQueryError } from '../nodes/query-rows.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Waits until nobody holds a global read lock, before anything that is logged. Who holds locks for
 * reading is refused: programs write what no text names, and others hold theirs beside it.
 */
export async function untilWritable(core: SessionCore): Promise<void> {
  const { tableLock, globalReadLock, running } = core;
  const { replicator, config } = core.context;
  if (globalReadLock || (tableLock && ![...tableLock.tables.values()].includes('write'))) {
    const message = "Can't execute the query because you have a conflicting read lock";
    throw new NodeQueryError(1223, 'HY000', message);
  }
  const { writes } = replicator.gate;
  if (!writes.held) return;
  if (await running.wait(writes.free(config.ddlWaitTimeoutMs))) return;
  const message = 'Lock wait timeout exceeded; try restarting transaction';
  throw new NodeQueryError(1205, 'HY000', message);
}
