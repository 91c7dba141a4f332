import { isPlainRead } from '../sql/plain-read.ts';
import type { Statement } from '../sql/statement.ts';

/** So many runs must have been quick before others are made to wait behind one. */
const runsNeeded = 16;
/** The fastest of them, and their average: a machine that is busy makes every statement wait. */
const fastestMsMax = 2;
const averageMsMax = 20;
const averageWeight = 1 / 8;
/** So many reads a server works on at once; of more than that each takes longer. */
const crowdMin = 4;
/** No more than so many times as long, as far as is believed. */
const crowdFactorMax = 8;
/** Each time that it was not quick twice as many are needed, up to this many doublings. */
const doublingsMax = 10;
/** A doubling is taken back when it was quick so many times as often as was needed before. */
const forgivenAfter = 256;

/** What is known of how long a statement takes, whatever literals it has. */
export class KnownQuick {
  /** It may be run by the short cut. */
  readonly plain: boolean;
  #runs = 0;
  #fastestMs = Number.POSITIVE_INFINITY;
  #averageMs = 0;
  #doublings = 0;
  /** Since it was last slow or forgiven. */
  #sharedRuns = 0;

  constructor(plain: boolean) {
    this.plain = plain;
  }

  /** Others may wait behind it. */
  get quick(): boolean {
    return (
      this.#runs >= this.#runsNeeded() &&
      this.#fastestMs <= fastestMsMax &&
      this.#averageMs <= averageMsMax
    );
  }

  #runsNeeded(): number {
    return runsNeeded << this.#doublings;
  }

  /**
   * It ran on a connection of its own, while its node was asked so many reads. The more there are,
   * the longer each of them takes, without one of them being slow.
   */
  ran(tookMs: number, crowd: number): void {
    const durationMs = tookMs / Math.min(Math.max(crowd / crowdMin, 1), crowdFactorMax);
    this.#averageMs += (durationMs - this.#averageMs) * (this.#runs === 0 ? 1 : averageWeight);
    this.#runs += 1;
    if (durationMs < this.#fastestMs) this.#fastestMs = durationMs;
  }

  /** It was answered on a connection that others use, and nobody waited for it for too long. */
  shared(): void {
    if (this.#doublings === 0) return;
    this.#sharedRuns += 1;
    if (this.#sharedRuns < forgivenAfter * this.#runsNeeded()) return;
    this.#sharedRuns = 0;
    this.#doublings -= 1;
  }

  /** Others waited for it for too long, or in vain. */
  wasSlow(): void {
    // On several connections at once it is one and the same time.
    if (this.quick) this.#doublings = Math.min(this.#doublings + 1, doublingsMax);
    this.#runs = 0;
    this.#sharedRuns = 0;
    this.#fastestMs = Number.POSITIVE_INFINITY;
  }
}

const known = new WeakMap<Statement, KnownQuick>();

/** By the statement that a form of text is remembered as. */
export function knownOf(statement: Statement): KnownQuick {
  const before = known.get(statement);
  if (before) return before;
  const now = new KnownQuick(isPlainRead(statement) && statement.tables.length > 0);
  known.set(statement, now);
  return now;
}
