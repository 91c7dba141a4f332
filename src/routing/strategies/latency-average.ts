/** A good choice for reads: recovers its share in about five seconds. */
export const latencyHalfLifeMs = 500;

/**
 * One sample counts for at most this many times the average, plus the slack: a single report
 * that ran for a minute says nothing of the next short read. A node that has really become slow
 * goes on being slow and gets there in a few samples.
 */
const outlierFactor = 8;
const outlierSlackMs = 4;

/**
 * How long a node's reads take: an average in which a sample loses half its say every half-life,
 * however many samples there are. An average that gets no samples fades: it is worth half after
 * one idle half-life, a third after two, a quarter after three. So a node that is avoided for
 * being slow looks better the longer nobody asked it, and is tried again. It fades by this curve
 * and not exponentially because then idle times enter as a ratio: when all reads are rare, idle
 * time alone never makes a slow node look faster than a fast one.
 */
export class LatencyAverage {
  readonly #halfLifeMs: number;
  readonly #decay: number;
  #averageMs = 0;
  #recordedAtMs: number | undefined;

  constructor(options: { readonly halfLifeMs: number }) {
    this.#halfLifeMs = options.halfLifeMs;
    this.#decay = Math.LN2 / options.halfLifeMs;
  }

  /** Takes one finished read into account: it took `ms` and ended at `nowMs` (monotonic). */
  record(ms: number, nowMs: number): void {
    if (this.#recordedAtMs === undefined) {
      this.#averageMs = ms;
      this.#recordedAtMs = nowMs;
      return;
    }
    const idleMs = Math.max(0, nowMs - this.#recordedAtMs);
    const oldSay = Math.exp(-idleMs * this.#decay);
    // The average is kept unfaded, or a node in constant use would look faster than it is.
    const sampleMs = Math.min(ms, this.#averageMs * outlierFactor + outlierSlackMs);
    this.#averageMs = this.#averageMs * oldSay + sampleMs * (1 - oldSay);
    this.#recordedAtMs = Math.max(this.#recordedAtMs, nowMs);
  }

  /** The faded average in milliseconds; 0 before the first sample. */
  value(nowMs: number): number {
    if (this.#recordedAtMs === undefined) return 0;
    const idleMs = Math.max(0, nowMs - this.#recordedAtMs);
    return (this.#averageMs * this.#halfLifeMs) / (this.#halfLifeMs + idleMs);
  }
}
