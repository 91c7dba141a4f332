import { expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { History, samplesKept } from './history.ts';

const a = nodeName('a');
const b = nodeName('b');
const beganMs = Date.UTC(2026, 0, 1);

/** A balancer of nodes `a` and `b` on a clock of its own. */
function lab() {
  const clock = {
    passedMs: 0,
    nowMs: () => clock.passedMs,
    wallMs: () => beganMs + clock.passedMs,
    after: () => ({ cancel: () => {} }),
  };
  const now = {
    nodes: [
      { name: a, state: 'UP', pending: 0, readTimes: new LatencyHistogram() },
      { name: b, state: 'UP', pending: 0, readTimes: new LatencyHistogram() },
    ],
    writeTimes: new LatencyHistogram(),
    errors: 0,
    sessions: 3,
  };
  const history = new History({ clock, look: () => now });
  const take = (ms = 1000): void => {
    clock.passedMs += ms;
    history.take();
  };
  const read = (points = samplesKept, fromMs = 0) => history.read({ fromMs, points });
  return { now, history, take, read };
}

test('a sample holds what was new since the one before', () => {
  const { now, take, read } = lab();
  const [ofA, ofB] = now.nodes.map(({ readTimes }) => readTimes);
  for (let i = 0; i < 10; i += 1) ofA?.record(1);
  ofB?.record(50);
  now.writeTimes.record(8);
  now.errors += 2;
  take();
  ofA?.record(2);
  take(500);
  const { at, stepMs, cluster, nodes } = read();
  expect(stepMs).toBe(1000);
  expect(at).toEqual([beganMs + 1000, beganMs + 1500]);
  expect(cluster.reads).toEqual([11, 2]);
  expect(cluster.writes).toEqual([1, 0]);
  expect(cluster.errors).toEqual([2, 0]);
  expect(cluster.readP50[0]).toBeCloseTo(1, 1);
  expect(cluster.readP99[0]).toBeGreaterThan(45);
  expect(cluster.writeP99[1]).toBeNull();
  expect(cluster.sessions).toEqual([3, 3]);
  expect(nodes['a']?.reads).toEqual([10, 2]);
  expect(nodes['b']).toMatchObject({ reads: [1, 0], pending: [0, 0], state: ['UP', 'UP'] });
  expect(nodes['b']?.p99[1]).toBeNull();
});

test('with fewer points rates are means, pending entries the highest, no outage is lost', () => {
  const { now, take, read } = lab();
  const [nodeA] = now.nodes;
  for (let i = 0; i < 100; i += 1) {
    now.writeTimes.record(i === 42 ? 1000 : 1);
    if (nodeA) {
      nodeA.pending = i === 42 ? 7 : 0;
      nodeA.state = i === 42 ? 'DOWN' : 'UP';
    }
    take();
  }
  const { at, stepMs, cluster, nodes } = read(10);
  expect(stepMs).toBe(10_000);
  expect(at.length).toBe(10);
  expect(cluster.writes.every((rate) => rate === 1)).toBe(true);
  expect(cluster.writeP99.filter((ms) => (ms ?? 0) > 900).length).toBe(1);
  expect(nodes['a']?.pending.filter((pending) => pending === 7).length).toBe(1);
  expect(nodes['a']?.state.filter((state) => state === 'DOWN').length).toBe(1);
});

test('an hour is kept, and read from any instant on', () => {
  const { take, read, history } = lab();
  for (let i = 0; i < samplesKept + 20; i += 1) take();
  expect(read().at.length).toBe(samplesKept);
  expect(read().at.at(-1)).toBe(beganMs + (samplesKept + 20) * 1000);
  expect(read(samplesKept, beganMs + (samplesKept + 11) * 1000).at.length).toBe(10);
  expect(history.since(samplesKept + 18).map(({ id }) => id)).toEqual([3619, 3620]);
});

test('a node that joins or leaves has no state for the rest of the hour', () => {
  const { now, take, read, history } = lab();
  const [nodeA, nodeB] = now.nodes;
  if (!nodeA || !nodeB) throw new Error('two nodes');
  now.nodes = [nodeA];
  take();
  now.nodes = [nodeA, nodeB];
  take();
  now.nodes = [nodeB];
  take();
  expect(read().nodes['a']?.state).toEqual(['UP', 'UP', null]);
  expect(read().nodes['b']?.state).toEqual([null, 'UP', 'UP']);
  expect(Object.keys(history.since(2)[0]?.nodes ?? {})).toEqual(['b']);
  for (let i = 0; i < samplesKept; i += 1) take();
  expect(Object.keys(read().nodes)).toEqual(['b']);
});

test('a live tail begins with the latest sample', () => {
  const { take, history } = lab();
  expect(history.beginId).toBe(0);
  for (let i = 0; i < 5; i += 1) take();
  const [sample] = history.since(history.beginId);
  expect(sample).toMatchObject({ kind: 'sample', id: 5, at: beganMs + 5000 });
  let heard = 0;
  const end = history.subscribe(() => {
    heard += 1;
  });
  take();
  end();
  take();
  expect(heard).toBe(1);
});
