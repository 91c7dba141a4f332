import type { NodeName } from '../../base/brands.ts';

/** Remembers the order of picks, so that equals take turns. */
export class PickHistory {
  readonly #lastPick = new Map<NodeName, number>();
  #picks = 0;

  /** The number of the pick that last chose the node; 0 when none did. */
  lastPick(name: NodeName): number {
    return this.#lastPick.get(name) ?? 0;
  }

  record(name: NodeName): void {
    this.#picks += 1;
    this.#lastPick.set(name, this.#picks);
  }
}
