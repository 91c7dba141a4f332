import type { NodeName, Seq } from '../base/brands.ts';
import type { ApplyBatch } from './apply-batch.ts';
import type { CommandContext } from './command.ts';
import type { FollowerResult } from './compare-results.ts';
import type { Entry } from './entry.ts';

/** How a batch ended on a follower. After anything but `applied`, nothing of it took effect. */
export type BatchOutcome =
  | { readonly kind: 'applied'; readonly results: readonly FollowerResult[] }
  | {
      readonly kind: 'failed';
      /** Index into `slots` of the statement that failed. */
      readonly slot: number;
      readonly errno: number;
      readonly message: string;
    };

/** How a DDL entry ended on a follower. */
export type DdlOutcome =
  | { readonly kind: 'done'; readonly result: FollowerResult; readonly message: string }
  /** It had taken effect before (found by its fingerprint) and only the position was missing. */
  | { readonly kind: 'already_done' };

/**
 * One node as its applier sees it. Every method rejects when the connection is lost; then it
 * is unknown whether the last call took effect, and a follower's markers must be read again.
 */
export interface FollowerPort {
  readonly name: NodeName;
  applyBatch(batch: ApplyBatch): Promise<BatchOutcome>;
  applyDdl(entry: Entry, context: CommandContext | undefined): Promise<DdlOutcome>;
  /** Moves the position without running anything, and forgets rows of `applied` behind it. */
  movePosition(position: Seq): Promise<void>;
  /** As `movePosition`, on the leader: over a new connection if the last one is lost. */
  foldMarkers(position: Seq): Promise<void>;
  /** Rolls back and returns the session to its defaults: pins and context are forgotten. */
  reset(): Promise<void>;
}
