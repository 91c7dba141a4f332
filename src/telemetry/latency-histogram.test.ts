import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketCount, LatencyHistogram } from './latency-histogram.ts';

test('a quantile is within 7 % of the duration that has it', () => {
  const durations = fc.array(fc.double({ min: 0.02, max: 4_000_000, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99, 1), (all, share) => {
      const histogram = new LatencyHistogram();
      for (const ms of all) histogram.record(ms);
      const sorted = all.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(all.length * share) - 1)] as number;
      const told = histogram.quantile(share) as number;
      expect(Math.abs(told - exact) / exact).toBeLessThan(0.07);
      expect(histogram.count).toBe(all.length);
    }),
  );
});

test('nothing recorded has no quantile', () => {
  const histogram = new LatencyHistogram();
  expect(histogram.quantile(0.99)).toBeNull();
  histogram.record(5);
  histogram.clear();
  expect(histogram.quantile(0.99)).toBeNull();
  expect(histogram.count).toBe(0);
});

test('what is shorter or longer than the buckets reach goes into the outermost', () => {
  const histogram = new LatencyHistogram();
  histogram.record(-1);
  histogram.record(0);
  histogram.record(1e12);
  expect(histogram.counts[0]).toBe(2);
  expect(histogram.counts[bucketCount - 1]).toBe(1);
});

test('how many took less than a doubling is exact', () => {
  const histogram = new LatencyHistogram();
  for (const us of [1, 127, 128, 255, 256, 1_000_000]) histogram.record(us / 1000);
  expect([8, 128, 256, 2 ** 20].map((us) => histogram.countBelow(us))).toEqual([1, 2, 4, 6]);
});
