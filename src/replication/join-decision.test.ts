import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { decideJoin, type JoiningNode } from './join-decision.ts';

const log = { clusterId: 'c', firstSeq: seq(10), lastSeq: seq(20) };
const nodeAt = (
  position: number,
  beyond: number[] = [],
  mayHaveLostLocks = false,
): JoiningNode => ({
  clusterId: 'c',
  position: seq(position),
  appliedBeyond: new Set(beyond.map(seq)),
  mayHaveLostLocks,
  sole: false,
});

test.each([
  ['at the end of the log', nodeAt(20), 'follow'],
  ['behind', nodeAt(12), 'follow'],
  ['whose next entry is the first one kept', nodeAt(9), 'follow'],
  ['whose next entry was cut off', nodeAt(8), 'quarantine'],
  ['ahead of the log', nodeAt(21), 'ahead'],
  ['with a marker ahead of the log', nodeAt(15, [16, 21]), 'ahead'],
  ['that led, crashed and has gaps', nodeAt(15, [17, 19]), 'follow'],
  ['that led, ran on and has gaps', nodeAt(15, [17], true), 'quarantine'],
  ['that is the only one and has gaps', { ...nodeAt(15, [17], true), sole: true }, 'follow'],
  ['that led, ran on and has a whole prefix', nodeAt(15, [16, 17], true), 'follow'],
  ['that led, ran on and has nothing beyond', nodeAt(15, [], true), 'follow'],
  ['of another cluster', { ...nodeAt(20), clusterId: 'd' }, 'quarantine'],
  ['that was quarantined before', { ...nodeAt(20), clusterId: 'quarantined' }, 'quarantine'],
  ['without markers', undefined, 'quarantine'],
] as const)('a node %s: %s', (_, node, expected) => {
  expect(decideJoin(node, log).kind).toBe(expected);
});

test('a new node begins a new log', () => {
  const empty = { clusterId: 'c', firstSeq: seq(1), lastSeq: seq(0) };
  expect(decideJoin(undefined, empty).kind).toBe('initialise');
  expect(decideJoin(nodeAt(0), empty).kind).toBe('follow');
  expect(decideJoin(nodeAt(3), empty).kind).toBe('ahead');
});
