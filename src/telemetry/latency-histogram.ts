/**
 * Durations in buckets whose width grows with them: eight to each doubling, from 1 µs to 71
 * minutes. A quantile is off by 6 % at most, whatever the range.
 *
 *   µs        0 1 … 7 | 8 … 15 | 16 18 … 30 | 32 36 … 60 | …
 *   bucket    0 1 … 7 | 8 … 15 | 16  …  23  | 24  …  31  | …
 *
 * Recording is a few integer operations on a typed array: nothing is allocated for a statement.
 * Counts are doubles, since 32 bits would be full after two days of a busy node.
 */
export class LatencyHistogram {
  readonly counts = new Float64Array(bucketCount);
  /** How many were recorded. */
  count = 0;
  /** All of them together, in milliseconds. */
  totalMs = 0;

  record(ms: number): void {
    const bucket = bucketOf(ms * 1000);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count += 1;
    this.totalMs += ms;
  }

  /** All that another one has. */
  add(other: Pick<LatencyHistogram, 'counts' | 'count' | 'totalMs'>): void {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      this.counts[bucket] = (this.counts[bucket] as number) + (other.counts[bucket] ?? 0);
    }
    this.count += other.count;
    this.totalMs += other.totalMs;
  }

  /** What `share` of them (0.95) took at most, in milliseconds; null when there are none. */
  quantile(share: number): number | null {
    return quantileOf(this.counts, share);
  }

  /** How many took less than this, which must be a doubling of 8 µs or more: then it is exact. */
  countBelow(microseconds: number): number {
    const end = bucketOf(microseconds);
    let below = 0;
    for (let bucket = 0; bucket < end; bucket += 1) below += this.counts[bucket] as number;
    return below;
  }

  clear(): void {
    this.counts.fill(0);
    this.count = 0;
    this.totalMs = 0;
  }
}

const microsecondsMax = 2 ** 32 - 1;

function bucketOf(microseconds: number): number {
  const value = Math.min(Math.max(microseconds, 0), microsecondsMax) >>> 0;
  if (value < 8) return value;
  const doublings = 31 - Math.clz32(value);
  return ((doublings - 2) << 3) + ((value >>> (doublings - 3)) & 7);
}

export const bucketCount = 240;

/** In microseconds: the least that falls into this bucket. */
function lowerBound(bucket: number): number {
  return bucket < 8 ? bucket : (8 + (bucket & 7)) * 2 ** ((bucket >> 3) - 1);
}

/** As `LatencyHistogram.quantile`, of counts such as the difference of two histograms. */
export function quantileOf(counts: Float64Array, share: number): number | null {
  let total = 0;
  for (const count of counts) total += count;
  if (total === 0) return null;
  const wanted = Math.max(1, Math.ceil(total * share));
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= wanted) return (lowerBound(bucket) + lowerBound(bucket + 1)) / 2000;
  }
  return null;
}
