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

  /** One weight a candidate, none negative, their sum positive; in any unit. */
  pick(candidates: readonly Candidate[], weights: readonly number[]): number {
    assert(weights.length === candidates.length, 'every candidate has a weight');
    let sum = 0;
    for (const weight of weights) sum += weight;
    assert(sum > 0 && Number.isFinite(sum), `weights of candidates add up to ${sum}`);
    let best = 0;
    let bestCredit = Number.NEGATIVE_INFINITY;
    candidates.forEach(({ name }, index) => {
      const credit = (this.#credits.get(name) ?? 0) + (weights[index] ?? 0) / sum;
      this.#credits.set(name, credit);
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
