import type { Config } from '../config/config.ts';
import type { Readiness } from '../http/balancer-control.ts';
import type { Replicator } from '../replication/replicator.ts';

/** Whether reads and writes can be served now, or why not. */
export function readiness(replicator: Replicator, config: Config): Readiness {
  if (!replicator.leadership) return { ready: false, reason: 'no node is in sync' };
  if (replicator.inSyncCount < config.minInSync) {
    return { ready: false, reason: `${replicator.inSyncCount} nodes are in sync` };
  }
  return { ready: true };
}
