import { assert } from '../../base/assert.ts';
import { PickHistory } from './pick-history.ts';
import type { Candidate, SelectionStrategy } from './selection-strategy.ts';

/**
 * Every candidate in turn: the one whose last turn is longest ago. Told by turns and not by a
 * running index, so that a node that leaves or returns shifts nobody else's turn.
 */
export class RoundRobin implements SelectionStrategy {
  readonly name = 'round_robin';
  readonly #history = new PickHistory();

  select(candidates: readonly Candidate[]): number {
    let best = 0;
    let bestPick = Number.POSITIVE_INFINITY;
    candidates.forEach((candidate, index) => {
      const lastPick = this.#history.lastPick(candidate.name);
      if (lastPick < bestPick) {
        best = index;
        bestPick = lastPick;
      }
    });
    const chosen = candidates[best];
    assert(chosen !== undefined, 'a strategy is asked with at least one candidate');
    this.#history.record(chosen.name);
    return best;
  }
}
