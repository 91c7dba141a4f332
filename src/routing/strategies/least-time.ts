import type { Candidate, SelectionStrategy } from './selection-strategy.ts';
import { SmoothShares } from './smooth-shares.ts';

/** Differences below this are noise of network and scheduler: nodes that close are equals. */
const noiseMs = 0.5;

/** A node that has had no read for this long is tried again, however slow it was. */
const probeAfterMs = 5000;
/** What such a node weighs at least, relative to the heaviest: a read in a hundred or less. */
const probeWeight = 0.04;

/**
 * Most reads to the node that answers fastest. Not all of them: shares fall with the cube of the
 * average time, so equally fast nodes share evenly instead of taking turns at being flooded, and
 * a slow one keeps a trickle of real reads by which it is seen to be fast again. Reads under way
 * count against a node, so one that has just become slow loses reads before its average knows.
 */
export class LeastTime implements SelectionStrategy {
  readonly name = 'least_time';
  readonly #shares = new SmoothShares();

  select(candidates: readonly Candidate[], now: number): number {
    const unknownMs = fastest(candidates);
    let heaviest = 0;
    const weights = candidates.map(({ averageMs, active, weight }) => {
      const timeMs = (averageMs > 0 ? averageMs : unknownMs) + noiseMs;
      const share = weight / (timeMs * timeMs * timeMs * (active + 1));
      heaviest = Math.max(heaviest, share);
      return share;
    });
    candidates.forEach(({ active, lastUsedMs }, index) => {
      if (active > 0 || now - lastUsedMs < probeAfterMs) return;
      weights[index] = Math.max(weights[index] ?? 0, heaviest * probeWeight);
    });
    return this.#shares.pick(candidates, weights);
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
