import { expect, test } from 'vitest';
import { RandomTwoChoices } from './random-two-choices.ts';
import { candidate, countByName, picks } from './testing/candidates.ts';
import { seededRandom } from './testing/closed-loop.ts';

const five = ['a', 'b', 'c', 'd', 'e'].map((name) => candidate(name));
const create = () => new RandomTwoChoices(seededRandom(42));

test('equal nodes get equal shares', () => {
  const counts = countByName(picks(create(), five, 10_000));
  for (const { name } of five) expect(Math.abs((counts[name] ?? 0) - 2000)).toBeLessThan(200);
});

test('the busiest node is never chosen, the least busy one most often', () => {
  const candidates = five.map(({ name }, index) => candidate(name, { active: index }));
  const counts = countByName(picks(create(), candidates, 10_000));
  expect(counts['e']).toBeUndefined();
  // Of the ten pairs of five nodes four contain the least busy one.
  expect(Math.abs((counts['a'] ?? 0) - 4000)).toBeLessThan(250);
});

test('the two choices are different nodes', () => {
  const candidates = [candidate('idle'), candidate('busy', { active: 1 })];
  expect(countByName(picks(create(), candidates, 1000))).toEqual({ idle: 1000 });
});

test('reads under way are seen relative to the weight', () => {
  const candidates = [
    candidate('light', { active: 1 }),
    candidate('heavy', { weight: 4, active: 3 }),
  ];
  expect(countByName(picks(create(), candidates, 100))).toEqual({ heavy: 100 });
});

test('a single candidate is chosen without drawing', () => {
  const strategy = new RandomTwoChoices(() => {
    throw new Error('drawn');
  });
  expect(strategy.select(five.slice(0, 1))).toBe(0);
});
