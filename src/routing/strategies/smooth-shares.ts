import { assert } from '../../base/assert.ts';
import type { NodeName } from '../../base/brands.ts';
import type { Candidate } from './selection-strategy.ts';

/**
 * Hands out picks in proportion to weights without bursts, after nginx's smooth weighted round
 * robin: before each pick every candidate is credited with its share of one pick, the one with
 * the highest credit is chosen and pays one. Weights may differ from pick to pick, because the
 * credit is a share (weight over the sum of weights) and not the weight itself.
 */
export class SmoothShares {
  readonly #credits = new Map<NodeName, number>();

  /** `weightOf` must be positive and finite for at least one candidate, and never negative. */
  pick(candidates: readonly Candidate[], weightOf: (candidate: Candidate) => number): number {
    let sum = 0;
    for (const candidate of candidates) sum += weightOf(candidate);
    assert(sum > 0 && Number.isFinite(sum), `weights of candidates add up to ${sum}`);
    let best = 0;
    let bestCredit = Number.NEGATIVE_INFINITY;
    candidates.forEach((candidate, index) => {
      const credit = (this.#credits.get(candidate.name) ?? 0) + weightOf(candidate) / sum;
      this.#credits.set(candidate.name, credit);
      // The margin keeps rounding errors from deciding between equals.
      if (credit > bestCredit + 1e-9) {
        best = index;
        bestCredit = credit;
      }
    });
    const chosen = candidates[best];
    assert(chosen !== undefined, 'a strategy is asked with at least one candidate');
    this.#credits.set(chosen.name, bestCredit - 1);
    return best;
  }
}
