import type { Clock } from '../../base/clock.ts';
import { LockstepError } from '../../base/errors.ts';
import type { Replicator } from '../replicator.ts';
import type { Cluster } from './cluster.ts';

/** How long a start waits for nodes before it serves without them. */
const startWaitMs = 10_000;

/**
 * Waits until writes are possible, but not for ever: reads and the page work without. Throws
 * LockstepError: log_behind_nodes.
 */
export async function firstLeader(
  cluster: Cluster,
  replicator: Replicator,
  clock: Clock,
): Promise<void> {
  const deadlineMs = clock.nowMs() + startWaitMs;
  while (!replicator.leadership && clock.nowMs() < deadlineMs) {
    if (cluster.ahead) {
      const { node, reason } = cluster.ahead;
      throw new LockstepError('log_behind_nodes', `node ${node} is ahead of the log: ${reason}`);
    }
    if (cluster.settled) return;
    await replicator.positionChanged(50);
  }
}
