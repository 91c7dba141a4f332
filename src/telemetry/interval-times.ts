import { bucketCount, type LatencyHistogram, quantileOf } from './latency-histogram.ts';

/** What was added to a histogram between two looks at it. */
export class IntervalTimes {
  readonly #seen = new Float64Array(bucketCount);
  readonly #new = new Float64Array(bucketCount);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#new.fill(0);
    this.#count = 0;
  }

  /** What the histogram has got since it was added the last time. */
  add({ counts }: LatencyHistogram): void {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const now = counts[bucket] as number;
      const added = now - (this.#seen[bucket] as number);
      this.#seen[bucket] = now;
      this.#new[bucket] = (this.#new[bucket] as number) + added;
      this.#count += added;
    }
  }

  /** The same once more, for the sum of several. */
  addFrom(other: IntervalTimes): void {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      this.#new[bucket] = (this.#new[bucket] as number) + (other.#new[bucket] as number);
    }
    this.#count += other.#count;
  }

  quantile(share: number): number | null {
    return quantileOf(this.#new, share);
  }
}
