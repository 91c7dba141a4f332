import fc from 'fast-check';
import { expect, test } from 'vitest';
import { candidate, countByName, picks } from './testing/candidates.ts';
import { WeightedRoundRobin } from './weighted-round-robin.ts';

const oneToFive = ['a', 'b', 'c', 'd', 'e'].map((name, i) => candidate(name, { weight: i + 1 }));

test('over 10,000 picks weights 1 to 5 give their shares within 1 %', () => {
  const counts = countByName(picks(new WeightedRoundRobin(), oneToFive, 10_000));
  oneToFive.forEach(({ name, weight }) => {
    const wanted = (10_000 * weight) / 15;
    expect(Math.abs((counts[name] ?? 0) - wanted)).toBeLessThan(wanted * 0.01);
  });
});

test('picks are spread, not in bursts', () => {
  const candidates = [candidate('a', { weight: 5 }), candidate('b'), candidate('c')];
  expect(picks(new WeightedRoundRobin(), candidates, 14).join('')).toBe('aabacaaaabacaa');
});

test('whatever the weights, after every pick each node is near its share', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 500 }), (some, count) => {
      const candidates = some.map((weight, index) => candidate(`n${index}`, { weight }));
      const sum = some.reduce((total, weight) => total + weight, 0);
      const counts = countByName(picks(new WeightedRoundRobin(), candidates, count));
      for (const { name, weight } of candidates) {
        const wanted = (count * weight) / sum;
        expect(Math.abs((counts[name] ?? 0) - wanted)).toBeLessThan(some.length);
      }
    }),
  );
});

test('a node that returns gets its share and no burst for the time it was away', () => {
  const strategy = new WeightedRoundRobin();
  picks(strategy, oneToFive, 100);
  picks(strategy, oneToFive.slice(0, 4), 10_000);
  const counts = countByName(picks(strategy, oneToFive, 150));
  expect(counts['e']).toBeGreaterThanOrEqual(48);
  expect(counts['e']).toBeLessThanOrEqual(52);
});

test('a weight changed while running counts from the next pick', () => {
  const strategy = new WeightedRoundRobin();
  picks(strategy, oneToFive, 1000);
  const equal = oneToFive.map(({ name }) => candidate(name));
  for (const count of Object.values(countByName(picks(strategy, equal, 1000)))) {
    expect(Math.abs(count - 200)).toBeLessThanOrEqual(3);
  }
});
