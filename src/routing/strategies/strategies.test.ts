import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type StrategyName, strategyNames } from '../../config/strategy-name.ts';
import { createStrategy } from './strategies.ts';
import { candidate } from './testing/candidates.ts';
import { ClosedLoop, seededRandom } from './testing/closed-loop.ts';

const create = (name: StrategyName) => createStrategy(name, { random: seededRandom(5) });

describe.each(strategyNames)('%s', (name) => {
  test('is made by its name', () => {
    expect(create(name).name).toBe(name);
  });

  test('always chooses one of the candidates, however they come and go', () => {
    const some = fc.array(
      fc.record({
        id: fc.integer({ min: 0, max: 9 }),
        weight: fc.integer({ min: 1, max: 1000 }),
        active: fc.nat(10_000),
        averageMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
        lastUsedMs: fc.nat(1_000_000),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.array(some, { maxLength: 20 }), (rounds) => {
        const strategy = create(name);
        for (const round of rounds) {
          const candidates = round.map(({ id, ...given }) => candidate(`n${id}`, given));
          const index = strategy.select(candidates, 1_000_000);
          expect(candidates[index]).toBeDefined();
        }
      }),
    );
  });

  test('leaves no node without reads that is as good as the others', () => {
    const strategy = create(name);
    const loop = new ClosedLoop({ strategy, random: seededRandom(2), nodes: 5, clients: 8 });
    for (const share of loop.run(2000)) expect(share).toBeGreaterThan(0.15);
  });
});

test('strategies are swapped while reads are under way and every read is served', () => {
  const loop = new ClosedLoop({
    strategy: create('round_robin'),
    random: seededRandom(9),
    nodes: 5,
    clients: 16,
  });
  for (let i = 0; i < 50; i += 1) {
    loop.strategy = create(strategyNames[i % strategyNames.length] ?? 'round_robin');
    const total = loop.run(20).reduce((sum, share) => sum + share, 0);
    expect(total).toBeCloseTo(1);
    expect(loop.clock.pendingTimers).toBe(16);
  }
});
