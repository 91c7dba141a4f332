import type { NodeName } from '../../base/brands.ts';
import type { StrategyName } from '../../config/strategy-name.ts';

/** What a strategy may know of a node that could serve the read. */
export interface Candidate {
  readonly name: NodeName;
  /** The operator's weight, 1 to 1000. */
  readonly weight: number;
  /** Reads under way on the node. */
  readonly active: number;
  /** `LatencyAverage.value(now)`: milliseconds a read takes; 0 when nothing is known yet. */
  readonly averageMs: number;
  /** When the node last got a read, on the clock of `now`; 0 when never. */
  readonly lastUsedMs: number;
}

/**
 * Chooses the node for one read. An object keeps its state by node name, so candidates may come
 * and go between picks and a fresh object may replace a used one while reads are under way.
 * State is bounded by the number of nodes in the configuration.
 */
export interface SelectionStrategy {
  readonly name: StrategyName;
  /** The index of the chosen candidate. `candidates` is not empty; `now` is monotonic, in ms. */
  select(candidates: readonly Candidate[], now: number): number;
}
