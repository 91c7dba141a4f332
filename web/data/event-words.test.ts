import { expect, test } from 'vitest';
import type { FeedEvent } from './event-feed.ts';
import { groupOf, nodeOf, wordsOf } from './event-words.ts';

const event = (kind: string, facts: FeedEvent['facts']): FeedEvent => ({
  key: 1,
  id: 1,
  at: 0,
  kind,
  facts,
});

test('an event is told in words', () => {
  const down = { node: 'mysql2', from: 'UP', to: 'DOWN', reason: 'connection refused' };
  expect(wordsOf(event('node_state_changed', down))).toEqual({
    title: 'mysql2 is DOWN',
    text: 'was UP: connection refused',
    tone: 'bad',
  });
  expect(nodeOf(event('node_state_changed', down))).toBe('mysql2');
});

test('who caused an event is told', () => {
  const facts = { from: 'least_time', to: 'round_robin', by: 'ada' };
  expect(wordsOf(event('strategy_changed', facts)).text).toBe(
    'from least_time to round_robin (by ada)',
  );
});

test('a kind of event that is new to the page is shown with its facts', () => {
  const told = event('moon_risen', { phase: 'full', nodes: ['a', 'b'] });
  expect(wordsOf(told)).toEqual({
    title: 'Moon risen',
    text: 'phase: full, nodes: a, b',
    tone: 'quiet',
  });
  expect(groupOf(told)).toBe('other');
});
