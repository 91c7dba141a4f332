import type { Candidate, SelectionStrategy } from './selection-strategy.ts';
import { SmoothShares } from './smooth-shares.ts';

/** Reads in proportion to the operator's weights, evenly spread: 5,1,1 gives a a b a c a a. */
export class WeightedRoundRobin implements SelectionStrategy {
  readonly name = 'weighted_round_robin';
  readonly #shares = new SmoothShares();

  select(candidates: readonly Candidate[]): number {
    return this.#shares.pick(
      candidates,
      candidates.map(({ weight }) => weight),
    );
  }
}
