import { expect, test } from 'vitest';
import { SimulatedClock } from '../../../health/testing/simulated-clock.ts';
import { Pacer } from './pacer.ts';

const never = new AbortController().signal;

test('at no moment has more been read than the pace allows', async () => {
  const clock = new SimulatedClock();
  const pacer = new Pacer({ clock, rowsPerS: 1_000 });
  const found: number[] = [];
  let rows = 0;
  const read = async (): Promise<void> => {
    for (const chunk of [500, 500, 100, 400, 500]) {
      await pacer.begin(chunk, never);
      rows += chunk;
      found.push(rows / clock.nowMs());
    }
  };
  void read();
  await clock.advance(1_999);
  expect(rows).toBe(1_500);
  await clock.advance(1);
  expect(rows).toBe(2_000);
  expect(Math.max(...found)).toBeLessThanOrEqual(1);
});

test('a time without reading is not made up for', async () => {
  const clock = new SimulatedClock();
  const pacer = new Pacer({ clock, rowsPerS: 1_000 });
  await clock.advance(60_000);
  await pacer.begin(500, never);
  expect(pacer.waitMs(500)).toBe(500);
});

test('what was read beyond is paid for afterwards', async () => {
  const clock = new SimulatedClock();
  const pacer = new Pacer({ clock, rowsPerS: 1_000 });
  await clock.advance(1_000);
  await pacer.begin(0, never);
  pacer.owe(3_000);
  expect(pacer.waitMs(500)).toBe(3_500);
  expect(pacer.waitMs(0)).toBe(3_000);
});

test('small paces read few rows at once; without one it reads on', async () => {
  const clock = new SimulatedClock();
  expect(new Pacer({ clock, rowsPerS: 7 }).atOnce(2_000)).toBe(7);
  const free = new Pacer({ clock, rowsPerS: 0 });
  expect(free.atOnce(2_000)).toBe(2_000);
  await free.begin(1_000_000, never);
  expect(free.waitMs(1)).toBe(0);
});

test('waiting ends when it is aborted', async () => {
  const clock = new SimulatedClock();
  const pacer = new Pacer({ clock, rowsPerS: 1 });
  const abort = new AbortController();
  const begun = pacer.begin(1_000, abort.signal);
  abort.abort(new Error('enough'));
  await expect(begun).rejects.toThrow('enough');
  expect(clock.pendingTimers).toBe(0);
});
