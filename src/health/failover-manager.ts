import type { NodeName } from '../base/brands.ts';
import type { HealthObserver } from './health-observer.ts';

export interface FailoverActions {
  /** Takes the node out of rotation before it returns, and elects another leader if need be. */
  takeOut(node: NodeName, reason: string): void;
}

/** The observer that takes a node out of rotation the moment it is down. */
export class FailoverManager implements HealthObserver {
  readonly #actions: FailoverActions;

  constructor(actions: FailoverActions) {
    this.#actions = actions;
  }

  onNodeDown(node: NodeName, reason: string): void {
    this.#actions.takeOut(node, reason);
  }

  /** Coming back is the recovery manager's task: the node has entries to catch up with first. */
  onNodeUp(_node: NodeName): void {}
}
