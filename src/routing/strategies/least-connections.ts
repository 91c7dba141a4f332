import { assert } from '../../base/assert.ts';
import { PickHistory } from './pick-history.ts';
import type { Candidate, SelectionStrategy } from './selection-strategy.ts';

/**
 * The node with the fewest reads under way for its weight, this one included; equals take turns.
 */
export class LeastConnections implements SelectionStrategy {
  readonly name = 'least_connections';
  readonly #history = new PickHistory();

  select(candidates: readonly Candidate[]): number {
    let best = 0;
    let bestLoad = Number.POSITIVE_INFINITY;
    let bestPick = Number.POSITIVE_INFINITY;
    candidates.forEach((candidate, index) => {
      const load = (candidate.active + 1) / candidate.weight;
      const lastPick = this.#history.lastPick(candidate.name);
      if (load < bestLoad || (load === bestLoad && lastPick < bestPick)) {
        best = index;
        bestLoad = load;
        bestPick = lastPick;
      }
    });
    const chosen = candidates[best];
    assert(chosen !== undefined, 'a strategy is asked with at least one candidate');
    this.#history.record(chosen.name);
    return best;
  }
}
