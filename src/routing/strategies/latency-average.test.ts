import { expect, test } from 'vitest';
import { LatencyAverage } from './latency-average.ts';
import { seededRandom } from './testing/closed-loop.ts';

const create = () => new LatencyAverage({ halfLifeMs: 1000 });

test('nothing recorded is 0, the first sample counts whole', () => {
  const average = create();
  expect(average.value(5000)).toBe(0);
  average.record(3, 5000);
  expect(average.value(5000)).toBe(3);
});

test('half a second of the new against half a second of the old, however many samples', () => {
  for (const samplesPerSecond of [10, 1000]) {
    const average = create();
    average.record(10, 0);
    for (let i = 1; i <= samplesPerSecond; i += 1)
      average.record(20, (i * 1000) / samplesPerSecond);
    expect(average.value(1000)).toBeCloseTo(15, 6);
  }
});

test('noise averages out, and constant use does not make it look smaller', () => {
  const average = create();
  const random = seededRandom(3);
  for (let ms = 0; ms < 10_000; ms += 1) average.record(0.2 + random() * 0.3, ms);
  expect(average.value(10_000)).toBeGreaterThan(0.34);
  expect(average.value(10_000)).toBeLessThan(0.36);
});

test('without samples it fades: a half after one half-life, a third after two', () => {
  const average = create();
  average.record(30, 0);
  expect(average.value(1000)).toBeCloseTo(15);
  expect(average.value(2000)).toBeCloseTo(10);
  expect(average.value(999_000)).toBeCloseTo(0.03);
});

test('a fresh sample after a long pause replaces nearly all that was', () => {
  const average = create();
  average.record(20, 0);
  average.record(0.4, 10_000);
  expect(average.value(10_000)).toBeLessThan(0.5);
});

test('one read that ran for a minute does not drown the others', () => {
  const average = create();
  for (let ms = 0; ms < 2000; ms += 100) average.record(1, ms);
  average.record(60_000, 62_000);
  expect(average.value(62_000)).toBeLessThan(15);
});

test('a node that has really become slow is seen to be so in a few samples', () => {
  const average = create();
  for (let ms = 0; ms < 2000; ms += 100) average.record(1, ms);
  for (let ms = 3000; ms < 8000; ms += 1000) average.record(1000, ms);
  expect(average.value(7000)).toBeGreaterThan(500);
});

test('samples that arrive out of order do no harm', () => {
  const average = create();
  average.record(1, 1000);
  average.record(2, 900);
  expect(average.value(500)).toBe(1);
  expect(average.value(1000)).toBe(1);
});
