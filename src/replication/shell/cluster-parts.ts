import type { NodeName } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { HealthMonitor } from '../../health/health-monitor.ts';
import type { RecoveryManager } from '../../health/recovery-manager.ts';
import type { EmbeddedLog } from '../../log/embedded-log.ts';
import type { Node } from '../../nodes/node.ts';
import type { EventLog } from '../../telemetry/event-log.ts';
import type { Replicator } from '../replicator.ts';
import type { Sequencer } from '../sequencer.ts';
import type { AutomaticResync } from './automatic-resync.ts';
import type { FirstStart } from './first-start.ts';
import type { NodeFollower } from './node-follower.ts';
import type { NodeRecovery } from './node-recovery.ts';
import type { ResyncManager } from './resync-manager.ts';
import type { PositionFile } from '../../log/position-file.ts';

export interface ClusterOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: EmbeddedLog;
  readonly nodes: Map<NodeName, Node>;
  readonly sequencer: Sequencer;
  readonly positions: PositionFile;
  readonly followerOf: (node: Node) => NodeFollower;
}

/** Made after the cluster, because they call back into it. */
export interface ClusterParts {
  readonly replicator: Replicator;
  readonly recovery: NodeRecovery;
  readonly monitor: HealthMonitor;
  readonly recoveryManager: RecoveryManager;
  readonly resyncs: ResyncManager;
  readonly automaticResync: AutomaticResync;
  readonly firstStart: FirstStart;
}
