import { expect, test } from 'vitest';
import { LeastConnections } from './least-connections.ts';
import { ClosedLoop, seededRandom } from './testing/closed-loop.ts';
import { candidate, picks } from './testing/candidates.ts';

test('the node with the fewest reads under way', () => {
  const candidates = [3, 1, 2].map((active, index) => candidate(`n${index}`, { active }));
  expect(new LeastConnections().select(candidates)).toBe(1);
});

test('a weight of two stands two reads where one stands one', () => {
  const light = candidate('light', { active: 1 });
  expect(
    picks(new LeastConnections(), [light, candidate('heavy', { weight: 2, active: 2 })], 1),
  ).toEqual(['heavy']);
  expect(
    picks(new LeastConnections(), [light, candidate('heavy', { weight: 2, active: 4 })], 1),
  ).toEqual(['light']);
});

test('equals take turns', () => {
  const candidates = ['a', 'b', 'c'].map((name) => candidate(name));
  expect(picks(new LeastConnections(), candidates, 7).join('')).toBe('abcabca');
});

test('a slow node gets fewer reads, equal ones equally many', () => {
  const loop = new ClosedLoop({
    strategy: new LeastConnections(),
    random: seededRandom(1),
    nodes: 5,
    clients: 16,
  });
  for (const share of loop.run(1000)) expect(share).toBeCloseTo(0.2, 2);
  const [slow] = loop.nodes;
  if (slow !== undefined) slow.delayMs = 20;
  expect(loop.run(1000)[0]).toBeLessThan(0.05);
});
