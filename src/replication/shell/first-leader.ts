import type { Clock } from '../../base/clock.ts';
import { LockstepError } from '../../base/errors.ts';
import type { Replicator } from '../replicator.ts';
import type { Cluster } from './cluster.ts';
import type { FirstStart } from './first-start.ts';

/** How long a start waits for nodes before it serves without them. */
const startWaitMs = 10_000;

/**
 * Waits until writes are possible, but not for ever: reads and the page work without. Throws
 * LockstepError: log_behind_nodes, nodes_differ, no_node (the source named is not there).
 */
export async function firstLeader(options: {
  readonly cluster: Cluster;
  readonly replicator: Replicator;
  readonly firstStart: FirstStart;
  readonly clock: Clock;
}): Promise<void> {
  const { cluster, replicator, firstStart, clock } = options;
  let deadlineMs = clock.nowMs() + startWaitMs;
  while (!replicator.leadership && clock.nowMs() < deadlineMs) {
    if (firstStart.failure) throw firstStart.failure;
    if (firstStart.comparing) deadlineMs = clock.nowMs() + startWaitMs;
    if (cluster.ahead) {
      const { node, reason } = cluster.ahead;
      throw new LockstepError('log_behind_nodes', `node ${node} is ahead of the log: ${reason}`);
    }
    if (cluster.settled) return;
    await replicator.positionChanged(50);
  }
}
