import { settle } from '../../src/health/testing/simulated-clock.ts';

/** Now and then the event loop gets its turn: it reports rejections that nobody handles. */
const turnEvery = 1_000;
let settled = 0;

/**
 * Every promise that can settle by itself has done so: ticks run when no promise is left to
 * settle. Far cheaper than a turn of the event loop, which only real input and output need.
 */
export function settlePromises(): Promise<void> {
  settled++;
  if (settled % turnEvery === 0) return settle();
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
