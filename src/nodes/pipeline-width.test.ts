import { describe, expect, test } from 'vitest';
import { seededRandom } from '../log/testing/seeded-random.ts';
import { PipelineWidth } from './pipeline-width.ts';

const lookMs = 20;

/** A server as the balancer sees it: what it answers a millisecond, and how many reads wait. */
interface Behaviour {
  (width: number): { perMs: number; waiting: number };
}

/** 32 clients that ask again once they are answered, of a server that has so many processors. */
const closedLoop =
  (processors: number): Behaviour =>
  (width) => ({ perMs: 5 * Math.min(width, processors), waiting: 32 });

/** What is answered takes more of a processor that they share, the more are served at once. */
const oneProcessor: Behaviour = (width) => ({ perMs: 20 / (1 + 0.2 * (width - 1)), waiting: 32 });

/** Reads come when they come; they wait for those in front. */
const openLoop: Behaviour = (width) => ({ perMs: 10, waiting: 1 + 8 / width });

function pass(
  width: PipelineWidth,
  server: Behaviour,
  { seconds, swing = 0, seed = 1 }: { seconds: number; swing?: number; seed?: number },
): number[] {
  const random = seededRandom(seed);
  const widths: number[] = [];
  for (let look = 0; look < (seconds * 1000) / lookMs; look += 1) {
    const { perMs, waiting } = server(width.now);
    const answered = Math.round(perMs * lookMs * (1 + swing * (2 * random() - 1)));
    width.look({ answered, waiting, elapsedMs: lookMs });
    widths.push(width.now);
  }
  return widths;
}

/** What it has come to, trials aside: they are half of less than half of the time. */
const usual = (widths: readonly number[]): number =>
  widths.toSorted((a, b) => a - b)[widths.length >> 1] ?? Number.NaN;

describe('reads share', () => {
  test('one connection at first, and where more are no faster', () => {
    const width = new PipelineWidth();
    expect(width.now).toBe(1);
    const widths = pass(width, oneProcessor, { seconds: 60 });
    expect(Math.max(...widths)).toBe(2);
    expect(usual(widths)).toBe(1);
    const tried = widths.filter((now) => now === 2).length / widths.length;
    expect(tried).toBeLessThan(0.1);
  });

  test.each([1, 2, 3, 4])('as many as the server has processors for (%i)', (seed) => {
    const width = new PipelineWidth();
    pass(width, closedLoop(8), { seconds: 30, swing: 0.1, seed });
    expect(usual(pass(width, closedLoop(8), { seconds: 30, swing: 0.1, seed }))).toBe(8);
  });

  test('more where that makes them wait for less, though they come no faster', () => {
    const width = new PipelineWidth();
    pass(width, openLoop, { seconds: 30 });
    expect(usual(pass(width, openLoop, { seconds: 10 }))).toBeGreaterThanOrEqual(4);
  });

  test.each([1, 2, 3, 4])('fewer when the processors are busy with other things (%i)', (seed) => {
    const width = new PipelineWidth();
    pass(width, closedLoop(16), { seconds: 30 });
    expect(usual(pass(width, closedLoop(16), { seconds: 10 }))).toBe(16);
    pass(width, oneProcessor, { seconds: 60, swing: 0.1, seed });
    expect(usual(pass(width, oneProcessor, { seconds: 10, swing: 0.1, seed }))).toBe(1);
  });

  test.each([1, 2, 3, 4])('few where it makes no difference (%i)', (seed) => {
    const width = new PipelineWidth();
    pass(width, closedLoop(1), { seconds: 60, swing: 0.2, seed });
    expect(usual(pass(width, closedLoop(1), { seconds: 30, swing: 0.2, seed }))).toBe(1);
  });
});

test('of few answers nothing is told', () => {
  const width = new PipelineWidth();
  const seldom: Behaviour = (now) => ({ perMs: 0.1 * now, waiting: 1 });
  expect(usual(pass(width, seldom, { seconds: 30 }))).toBe(1);
});

test('what was measured while something held reads up is measured again', () => {
  const width = new PipelineWidth();
  for (let round = 0; round < 30; round += 1) {
    // What comes is far from what would have come.
    for (let look = 0; look < 6; look += 1) {
      width.look({ answered: width.now === 1 ? 1000 : 0, waiting: 32, elapsedMs: lookMs });
    }
    width.disturb();
    for (let look = 0; look < 6; look += 1) {
      width.look({ answered: 0, waiting: 0, elapsedMs: lookMs });
    }
    pass(width, closedLoop(8), { seconds: 1 });
  }
  expect(usual(pass(width, closedLoop(8), { seconds: 10 }))).toBe(8);
});

test('no more than there may be', () => {
  const one = new PipelineWidth(1);
  expect(new Set(pass(one, closedLoop(8), { seconds: 10 }))).toEqual(new Set([1]));
  const three = new PipelineWidth(3);
  pass(three, closedLoop(8), { seconds: 30 });
  expect(usual(pass(three, closedLoop(8), { seconds: 10 }))).toBe(3);
});
