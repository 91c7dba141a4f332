import type { Clock } from '../../base/clock.ts';
import type { Node } from '../../nodes/node.ts';
import type { Replicator } from '../replicator.ts';

const readsPollMs = 20;

/**
 * The node takes no part any more. A leader lets open transactions end first, so that none of
 * them fails. Throws LockstepError('ddl_wait_timeout') if they do not; it leads on then.
 */
export async function stepDown(
  replicator: Replicator,
  node: Node,
  { reason, timeoutMs }: { readonly reason: string; readonly timeoutMs: number },
): Promise<void> {
  if (replicator.leadership?.name !== node.name) return replicator.leave(node.name, reason);
  const release = await replicator.gate.exclusive(timeoutMs);
  try {
    await replicator.leave(node.name, reason);
  } finally {
    release();
  }
}

/**
 * Waits for what the node was asked before it left, but not for ever: a session that keeps a
 * connection for itself is cut off.
 */
export async function letReadsEnd(
  replicator: Replicator,
  node: Node,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<void> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  while ((node.pool.inUse > 0 || node.readElsewhere) && clock.nowMs() < deadlineMs) {
    await replicator.positionChanged(readsPollMs);
  }
}
