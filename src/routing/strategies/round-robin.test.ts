import { expect, test } from 'vitest';
import { RoundRobin } from './round-robin.ts';
import { candidate, countByName, picks } from './testing/candidates.ts';

const five = ['a', 'b', 'c', 'd', 'e'].map((name) => candidate(name));

test('10,000 picks fall on five nodes within one pick', () => {
  expect(countByName(picks(new RoundRobin(), five, 10_000))).toEqual({
    a: 2000,
    b: 2000,
    c: 2000,
    d: 2000,
    e: 2000,
  });
});

test('with a number that does not divide, still within one pick', () => {
  const counts = Object.values(countByName(picks(new RoundRobin(), five.slice(0, 3), 10_000)));
  expect(Math.max(...counts) - Math.min(...counts)).toBe(1);
});

test('the nodes come in turn', () => {
  expect(picks(new RoundRobin(), five, 7).join('')).toBe('abcdeab');
});

test('a node that leaves shifts no turn, and one that returns gets no burst', () => {
  const strategy = new RoundRobin();
  picks(strategy, five, 7);
  const withoutC = five.filter(({ name }) => name !== 'c');
  expect(picks(strategy, withoutC, 6).join('')).toBe('deabde');
  expect(picks(strategy, five, 6).join('')).toBe('cabdec');
});
