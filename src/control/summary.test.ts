import { expect, test } from 'vitest';
import type { NodeState } from '../nodes/node-state.ts';
import { type SummarisedNode, summarise } from './summary.ts';

const node = (name: string, state: NodeState, rest: Partial<SummarisedNode> = {}) => ({
  ...{ name, state, inSync: state === 'UP', pending: 0, needsResync: false },
  ...rest,
});

test('all is well', () => {
  const nodes = [node('a', 'UP'), node('b', 'UP')];
  expect(summarise(nodes)).toBe('2 of 2 nodes in sync, nothing pending');
});

test('what is wrong, and what to do about each node', () => {
  const nodes = [
    node('a', 'UP'),
    node('b', 'DOWN', { pending: 7 }),
    node('c', 'DISABLED', { pending: 3, needsResync: true }),
    node('d', 'QUARANTINED', { needsResync: true }),
  ];
  expect(summarise(nodes)).toBe(
    '1 of 4 nodes in sync, 10 pending; ' +
      'b is DOWN: start its server, and what it missed is replayed; ' +
      'c is DISABLED and needs a resync: resync it to have it back; ' +
      'd is QUARANTINED: resync it, for its data may differ',
  );
});
