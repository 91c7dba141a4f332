import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulatedClock } from './simulated-clock.ts';

test('timers run in order of time, equal ones in order of making, cancelled ones never', () => {
  const timer = fc.record({ delayMs: fc.nat(20), cancel: fc.boolean() });
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 60 }), (timers) => {
      const clock = new SimulatedClock();
      const ran: { atMs: number; index: number }[] = [];
      timers.forEach(({ delayMs, cancel }, index) => {
        const made = clock.after(delayMs, () => ran.push({ atMs: clock.nowMs(), index }));
        if (cancel) made.cancel();
      });
      const kept = timers.flatMap(({ delayMs, cancel }, index) =>
        cancel ? [] : [{ atMs: delayMs, index }],
      );
      expect(clock.pendingTimers).toBe(kept.length);
      clock.advanceSync(20);
      expect(ran).toEqual(kept.toSorted((a, b) => a.atMs - b.atMs || a.index - b.index));
      expect(clock.pendingTimers).toBe(0);
      expect(clock.nowMs()).toBe(20);
    }),
  );
});

test('a timer made by a timer runs in the same advance when it is due', async () => {
  const clock = new SimulatedClock();
  const ran: number[] = [];
  clock.after(10, () => {
    void Promise.resolve().then(() => clock.after(10, () => ran.push(clock.nowMs())));
  });
  await clock.advance(19);
  expect(ran).toEqual([]);
  await clock.advance(1);
  expect(ran).toEqual([20]);
});
