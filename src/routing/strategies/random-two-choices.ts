import { assert } from '../../base/assert.ts';
import type { Candidate, SelectionStrategy } from './selection-strategy.ts';

/**
 * Two different candidates at random, then the one with fewer reads under way for its weight.
 * Nearly as even as asking all, and several balancers that see the same loads do not all run
 * to the same node.
 */
export class RandomTwoChoices implements SelectionStrategy {
  readonly name = 'random_two_choices';
  readonly #random: () => number;

  /** `random` returns a number from 0 up to but not including 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  select(candidates: readonly Candidate[]): number {
    assert(candidates.length > 0, 'a strategy is asked with at least one candidate');
    if (candidates.length === 1) return 0;
    const first = Math.floor(this.#random() * candidates.length);
    const step = 1 + Math.floor(this.#random() * (candidates.length - 1));
    const second = (first + step) % candidates.length;
    return loadOf(candidates[second]) < loadOf(candidates[first]) ? second : first;
  }
}

function loadOf(candidate: Candidate | undefined): number {
  assert(candidate !== undefined, 'random() must be at least 0 and below 1');
  return (candidate.active + 1) / candidate.weight;
}
