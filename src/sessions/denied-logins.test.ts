import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { DeniedLogins } from './denied-logins.ts';

function atTime(): { clock: Clock; pass: (ms: number) => void } {
  let nowMs = 0;
  const after = (): never => expect.unreachable();
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { clock: { nowMs: () => nowMs, wallMs: () => nowMs, after }, pass };
}

test('a few are told at once, the next ones ever later, and after a minute it is forgotten', () => {
  const { clock, pass } = atTime();
  const logins = new DeniedLogins(clock);
  const delay = (address: string): number => {
    const { delayMs, told } = logins.denied(address);
    told();
    return delayMs;
  };
  const delays = Array.from({ length: 12 }, () => delay('10.0.0.1'));
  expect(delays).toEqual([0, 0, 0, 0, 0, 100, 200, 400, 800, 1600, 3000, 3000]);
  expect(delay('10.0.0.2')).toBe(0);
  pass(60_000);
  expect(delay('10.0.0.1')).toBe(0);
});

test('while many wait to be told nobody from there may try', () => {
  const { clock } = atTime();
  const logins = new DeniedLogins(clock);
  const waiting = Array.from({ length: 20 }, () => {
    expect(logins.mayTry('10.0.0.1')).toBe(true);
    return logins.denied('10.0.0.1').told;
  });
  expect(logins.mayTry('10.0.0.1')).toBe(false);
  expect(logins.mayTry('10.0.0.2')).toBe(true);
  waiting[0]?.();
  expect(logins.mayTry('10.0.0.1')).toBe(true);
});

test.each([
  ['2001:db8::1', '2001:db8:0:0:ffff::2', 100],
  ['2001:db8::1', '2001:0db8::', 100],
  ['2001:db8::1', '2001:db8:0:1::1', 0],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.2', 0],
])('%s and %s', (one, other, delayMs) => {
  const logins = new DeniedLogins(atTime().clock);
  for (let count = 0; count < 5; count++) logins.denied(one).told();
  expect(logins.denied(other).delayMs).toBe(delayMs);
});
