import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { Acks } from './acknowledgements.ts';
import type { ApplierEnd } from './applier.ts';
import type { ReadLimits } from './entry-source.ts';
import type { Sequencer } from './sequencer.ts';

/** Who carries out, or only hears, what the replicator finds. */
export interface ReplicatorObserver {
  onLeaderChanged(change: { from?: NodeName; to?: NodeName; epoch: number; reason: string }): void;
  /** The leader broke under a write; the shell closes its connections and checks its health. */
  onLeaderBroken(name: NodeName, reason: string): void;
  onInSync(name: NodeName): void;
  onLagging(name: NodeName, reason: string): void;
  onApplierEnd(name: NodeName, end: ApplierEnd): void;
}

/** Its settings are read anew at each use. */
export interface ReplicatorOptions {
  readonly sequencer: Sequencer;
  readonly clock: Clock;
  readonly acks: Acks;
  readonly syncTimeoutMs: number;
  readonly minInSync: number;
  /** How long a client waits for a node. */
  readonly noNodeTimeoutMs: number;
  readonly queuedWritesMax: number;
  readonly applyLimits: ReadLimits;
  /** How many nodes the configuration names now. */
  readonly nodeCount: () => number;
  readonly epoch: number;
  readonly observer: ReplicatorObserver;
  /**
   * Resolves when nobody outside of this process reads on a node that is not in sync any more;
   * undefined: nobody does.
   */
  readonly readersTold?: (() => Promise<void> | undefined) | undefined;
}
