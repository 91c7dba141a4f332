import { describe, expect, test } from 'vitest';
import { nodeName, seq } from '../../base/brands.ts';
import { SimulatedClock } from '../../health/testing/simulated-clock.ts';
import { LogRetention } from './log-retention.ts';

const [one, two] = [nodeName('mysql1'), nodeName('mysql2')];

describe('how far the log may be cut', () => {
  test('only behind positions that are old enough to be on the disk, on every node', async () => {
    const clock = new SimulatedClock();
    const retention = new LogRetention(clock);
    retention.sample(one, seq(10));
    retention.sample(two, seq(20));
    expect(retention.cutBefore([one, two])).toBe(0);
    await clock.advance(10_000);
    retention.sample(one, seq(30));
    retention.sample(two, seq(40));
    expect(retention.cutBefore([one, two])).toBe(10);
  });

  test('a position counts ten seconds after it was seen, however many came since', async () => {
    const clock = new SimulatedClock();
    const retention = new LogRetention(clock);
    for (let second = 1; second <= 15; second++) {
      retention.sample(one, seq(second));
      await clock.advance(1000);
    }
    retention.sample(one, seq(16));
    expect(retention.cutBefore([one])).toBe(6);
  });

  test('nothing of what a node needs that was never seen', async () => {
    const clock = new SimulatedClock();
    const retention = new LogRetention(clock);
    retention.keepAfter(one, seq(10));
    expect(retention.cutBefore([one, two])).toBe(0);
    expect(retention.cutBefore([one])).toBe(10);
  });

  test('a copy under way keeps the log from behind its snapshot', async () => {
    const clock = new SimulatedClock();
    const retention = new LogRetention(clock);
    retention.keepAfter(two, seq(5));
    retention.sample(one, seq(10));
    await clock.advance(10_001);
    retention.sample(one, seq(90));
    await clock.advance(10_001);
    retention.sample(one, seq(95));
    expect(retention.cutBefore([one, two])).toBe(5);
  });

  test('a position that a server lost as it died is not taken for durable later', async () => {
    const clock = new SimulatedClock();
    const retention = new LogRetention(clock);
    retention.sample(one, seq(50));
    await clock.advance(10_000);
    retention.sample(one, seq(100));
    retention.rejoin(one, seq(90));
    await clock.advance(10_000);
    retention.sample(one, seq(101));
    expect(retention.cutBefore([one])).toBe(50);
    retention.rejoin(one, seq(40));
    expect(retention.cutBefore([one])).toBe(40);
  });
});
