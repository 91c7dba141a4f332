import { expect, test } from 'vitest';
import { KnownQuick } from './known-quick.ts';

const ranTimes = (known: KnownQuick, times: number, durationMs: number): void => {
  for (let count = 0; count < times; count += 1) known.ran(durationMs, 1);
};

test('a statement is known to be quick after sixteen quick runs', () => {
  const known = new KnownQuick(true);
  ranTimes(known, 15, 0.5);
  expect(known.quick).toBe(false);
  known.ran(0.5, 1);
  expect(known.quick).toBe(true);
});

test('one that never was quick is not, nor one that mostly is not', () => {
  const never = new KnownQuick(true);
  ranTimes(never, 100, 3);
  expect(never.quick).toBe(false);
  const seldom = new KnownQuick(true);
  seldom.ran(1, 1);
  ranTimes(seldom, 100, 50);
  expect(seldom.quick).toBe(false);
});

test('each time that others waited for it in vain it has to prove itself for twice as long', () => {
  const known = new KnownQuick(true);
  ranTimes(known, 16, 0.5);
  known.wasSlow();
  ranTimes(known, 31, 0.5);
  expect(known.quick).toBe(false);
  known.ran(0.5, 1);
  expect(known.quick).toBe(true);
  known.wasSlow();
  ranTimes(known, 63, 0.5);
  expect(known.quick).toBe(false);
  known.ran(0.5, 1);
  expect(known.quick).toBe(true);
});

test('what it takes among many others counts for less', () => {
  const known = new KnownQuick(true);
  for (let count = 0; count < 16; count += 1) known.ran(15, 100);
  expect(known.quick).toBe(true);
  const slow = new KnownQuick(true);
  for (let count = 0; count < 16; count += 1) slow.ran(20, 100);
  expect(slow.quick).toBe(false);
});

test('that others waited for it is forgiven in time', () => {
  const known = new KnownQuick(true);
  for (const runs of [16, 32]) {
    ranTimes(known, runs, 0.5);
    known.wasSlow();
    known.wasSlow();
  }
  for (let count = 0; count < 256 * (64 + 32); count += 1) known.shared();
  ranTimes(known, 15, 0.5);
  expect(known.quick).toBe(false);
  ranTimes(known, 1, 0.5);
  expect(known.quick).toBe(true);
});
