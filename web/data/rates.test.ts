import { expect, test } from 'vitest';
import type { BalancerStatus, NodeStatus } from '../../src/http/schemas.ts';
import { RateWatch } from './rates.ts';

interface Figures {
  readonly lastSeq: number;
  readonly startedAt?: string;
  readonly strategy?: BalancerStatus['strategy'];
  readonly nodes: readonly Partial<NodeStatus>[];
}

function status({ startedAt = 'then', ...figures }: Figures): BalancerStatus {
  return { startedAt, ...figures } as unknown as BalancerStatus;
}

test('rates and shares are those of the last seconds', () => {
  const watch = new RateWatch();
  const node = (name: string, reads: number) => ({ name, reads, state: 'UP', pending: 0 }) as const;
  watch.add(status({ lastSeq: 10, nodes: [node('a', 100), node('b', 500)] }), 0);
  const rates = watch.add(status({ lastSeq: 14, nodes: [node('a', 130), node('b', 510)] }), 2_000);
  expect(rates.readsPerSecond).toBe(20);
  expect(rates.writesPerSecond).toBe(2);
  expect(rates.nodes['a']).toMatchObject({ readsPerSecond: 15, share: 0.75 });
});

test('another strategy is seen in the shares at once, not mixed with the one before', () => {
  const watch = new RateWatch();
  const read = (strategy: BalancerStatus['strategy'], [a, b]: readonly [number, number]) => {
    const nodes = [
      { name: 'a', reads: a, state: 'UP', pending: 0 },
      { name: 'b', reads: b, state: 'UP', pending: 0 },
    ] as const;
    return status({ lastSeq: 1, strategy, nodes });
  };
  watch.add(read('round_robin', [0, 0]), 0);
  watch.add(read('round_robin', [500, 500]), 1_000);
  const rates = watch.add(read('weighted_round_robin', [590, 510]), 2_000);
  expect(rates).toMatchObject({ readsPerSecond: 100, nodes: { a: { share: 0.9 } } });
});

test('a restart of the balancer is no negative rate', () => {
  const watch = new RateWatch();
  const nodes = [{ name: 'a', reads: 900, state: 'UP', pending: 0 }] as const;
  watch.add(status({ lastSeq: 10, nodes }), 0);
  const fresh = [{ ...nodes[0], reads: 3 }];
  const rates = watch.add(status({ lastSeq: 10, startedAt: 'now', nodes: fresh }), 1_000);
  expect(rates).toMatchObject({ readsPerSecond: 0, writesPerSecond: 0 });
});

test('a replay has progress, rate and time left, and none when it is over', () => {
  const watch = new RateWatch();
  const node = (position: number, pending: number) =>
    [{ name: 'a', reads: 0, state: 'RECOVERING', position, pending }] as const;
  watch.add(status({ lastSeq: 100, nodes: node(0, 100) }), 0);
  const { nodes } = watch.add(status({ lastSeq: 100, nodes: node(25, 75) }), 1_000);
  expect(nodes['a']?.replay).toEqual({ done: 25, total: 100, perSecond: 25, leftMs: 3_000 });
  const after = watch.add(status({ lastSeq: 100, nodes: node(100, 0) }), 2_000);
  expect(after.nodes['a']?.replay).toBeUndefined();
});
