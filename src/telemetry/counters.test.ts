import { expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import { Counters } from './counters.ts';

const a = nodeName('a');

test('a snapshot does not change when counting goes on', () => {
  const counters = new Counters();
  const ofA = counters.node(a);
  ofA.reads += 1;
  counters.error('no_node');
  const before = counters.snapshot();
  ofA.reads += 1;
  counters.error('no_node');
  expect(before.nodes.get(a)?.reads).toBe(1);
  expect(before.errors.get('no_node')).toBe(1);
  expect(counters.snapshot().nodes.get(a)?.reads).toBe(2);
  expect(counters.node(a)).toBe(ofA);
});

test('refusal reasons beyond the limit are counted together', () => {
  const counters = new Counters();
  for (let i = 0; i < 150; i += 1) counters.refused(`reason ${i}`);
  counters.refused('reason 0');
  const { refused } = counters.snapshot();
  expect(refused.get('reason 0')).toBe(2);
  expect(refused.get('other')).toBe(50);
  expect(refused.size).toBe(101);
});
