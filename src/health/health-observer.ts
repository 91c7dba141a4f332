import type { NodeName } from '../base/brands.ts';

/** Hears what the `HealthMonitor` finds. Called once for each change, never twice for the same. */
export interface HealthObserver {
  /** The node is to get no more traffic. Also the first verdict on a node that does not answer. */
  onNodeDown(node: NodeName, reason: string): void;
  /** The node answers again, or for the first time. */
  onNodeUp(node: NodeName): void;
  /** The node is full; it was asked and is not down. Called for every check that finds it so. */
  onNodeBusy?(node: NodeName, reason: string): void;
}
