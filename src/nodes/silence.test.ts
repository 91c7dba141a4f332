import { expect, test } from 'vitest';
import { Silence, type Standing } from './silence.ts';

const limits = { askAfterMs: 5_000, restMs: 1_000 };

/** When the server is asked, looking every 100 ms, and when the answer counts as lost. */
function follow(
  standingAt: (nowMs: number) => Standing | 'no answer',
  untilMs = 300_000,
): { askedAt: number[]; lostAt: number | undefined } {
  const silence = new Silence(0, limits);
  const askedAt: number[] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 100) {
    if (!silence.ask(nowMs)) continue;
    askedAt.push(nowMs);
    const standing = standingAt(nowMs);
    if (standing !== 'no answer' && silence.isLost(standing, nowMs)) {
      return { askedAt, lostAt: nowMs };
    }
  }
  return { askedAt, lostAt: undefined };
}

test('a server at rest that is still at rest a moment later: the answer is lost', () => {
  expect(follow(() => 'at_rest')).toEqual({ askedAt: [5_000, 6_000], lostAt: 6_000 });
});

test('while the server is at it nothing is ended, and it is asked less and less often', () => {
  const { askedAt, lostAt } = follow(() => 'busy', 200_000);
  expect(lostAt).toBeUndefined();
  expect(askedAt).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 140_000, 200_000]);
});

test('a long statement whose answer was lost in the end', () => {
  const { lostAt } = follow((nowMs) => (nowMs < 15_000 ? 'busy' : 'at_rest'));
  expect(lostAt).toBe(21_000);
});

test('a request that arrived between two looks is being executed, and is left alone', () => {
  const { askedAt, lostAt } = follow((nowMs) => (nowMs < 6_000 ? 'at_rest' : 'busy'), 30_000);
  expect(lostAt).toBeUndefined();
  expect(askedAt).toEqual([5_000, 6_000, 12_000, 24_000]);
});

test('at rest twice, but busy in between, is no proof', () => {
  const standings: Standing[] = ['at_rest', 'busy', 'at_rest', 'busy', 'at_rest', 'busy'];
  expect(follow(() => standings.shift() ?? 'busy').lostAt).toBeUndefined();
});

test('a server that cannot be asked proves nothing', () => {
  expect(follow(() => 'no answer').lostAt).toBeUndefined();
  const { lostAt } = follow((nowMs) => (nowMs < 8_000 ? 'no answer' : 'at_rest'));
  expect(lostAt).toBe(11_000);
});

test('where a command may wait in a queue, it is waited for a minute', () => {
  expect(follow(() => 'perhaps_queued')).toEqual({ askedAt: [5_000, 65_000], lostAt: 65_000 });
});
