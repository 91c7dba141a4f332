import type { Candidate, SelectionStrategy } from './selection-strategy.ts';
import { SmoothShares } from './smooth-shares.ts';

/** Differences below this are noise of network and scheduler: nodes that close are equals. */
const noiseMs = 0.5;

/**
 * Most reads to the node that answers fastest. Not all of them: shares fall with the cube of the
 * average time, so equally fast nodes share evenly instead of taking turns at being flooded, and
 * a slow one keeps a trickle of real reads by which it is seen to be fast again. Reads under way
 * count against a node, so one that has just stopped answering loses its share before any
 * average can know.
 */
export class LeastTime implements SelectionStrategy {
  readonly name = 'least_time';
  readonly #shares = new SmoothShares();

  select(candidates: readonly Candidate[]): number {
    const unknownMs = fastest(candidates);
    return this.#shares.pick(candidates, ({ averageMs, active, weight }) => {
      const timeMs = (averageMs > 0 ? averageMs : unknownMs) + noiseMs;
      return weight / (timeMs ** 3 * (active + 1));
    });
  }
}

/** A node nothing is known about is taken to be as fast as the fastest: a fair share, no flood. */
function fastest(candidates: readonly Candidate[]): number {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (const { averageMs } of candidates) {
    if (averageMs > 0 && averageMs < fastestMs) fastestMs = averageMs;
  }
  return Number.isFinite(fastestMs) ? fastestMs : 0;
}
