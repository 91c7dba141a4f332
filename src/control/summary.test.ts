import { expect, test } from 'vitest';
import type { NodeState } from '../nodes/node-state.ts';
import { type SummarisedNode, summarise } from './summary.ts';

const node = (name: string, state: NodeState, rest: Partial<SummarisedNode> = {}) => ({
  ...{ name, state, reason: '', inSync: state === 'UP', pending: 0, needsResync: false },
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
      'b is DOWN: start the server, and what was missed is replayed; ' +
      'c is DISABLED and needs a resync: resync it to have it back; ' +
      'd is QUARANTINED: resync it, for its data may differ',
  );
});

test('a server that runs, but lets nobody in or does not answer', () => {
  const nodes = [
    node('a', 'DOWN', { reason: "Access denied for user 'lockstep'@'localhost'" }),
    node('b', 'DOWN', { reason: 'no answer within 2000 ms' }),
  ];
  expect(summarise(nodes)).toBe(
    '0 of 2 nodes in sync, nothing pending; ' +
      "a is DOWN: the server does not let Lockstep's account in: correct its password or rights; " +
      'b is DOWN: the server does not answer: look at it, or restart it',
  );
});

test('what is the same of several nodes is said once', () => {
  const nodes = ['a', 'b', 'c'].map((name) => node(name, 'DOWN', { pending: 1 }));
  expect(summarise(nodes)).toBe(
    '0 of 3 nodes in sync, 3 pending; ' +
      'a, b, c are DOWN: start the server, and what was missed is replayed',
  );
});

test('a log that knows no node is the first suspect', () => {
  const nodes = ['a', 'b'].map((name) => node(name, 'QUARANTINED', { needsResync: true }));
  expect(summarise(nodes)).toBe(
    '0 of 2 nodes in sync, nothing pending; ' +
      'a, b are QUARANTINED: no node has data that this log knows; see the reasons, and log.folder',
  );
});

test('a node whose data a verification found to differ', () => {
  const nodes = [node('a', 'UP'), node('b', 'UP'), node('c', 'UP')];
  expect(summarise(nodes, ['c'])).toBe(
    '3 of 3 nodes in sync, nothing pending; ' +
      'c holds other data than most: repair it by verify, or resync',
  );
  expect(summarise(nodes, ['a', 'b', 'c'])).toBe(
    '3 of 3 nodes in sync, nothing pending; the nodes hold different data: see verify',
  );
});
