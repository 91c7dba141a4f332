import { describe, expect, test, vi } from 'vitest';
import { latencyHalfLifeMs } from './latency-average.ts';
import { LeastTime } from './least-time.ts';
import { candidate, countByName, picks } from './testing/candidates.ts';
import { ClosedLoop, type SimulatedNode, seededRandom } from './testing/closed-loop.ts';

// Millions of simulated reads: seconds, on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

/** Left out of plain `npm test` with so many clients: they read millions of times. */
const tagsFor = ({ clients }: { clients: number }) => (clients > 16 ? ['extended'] : []);

function start(options: { clients: number; thinkMs?: number; seed?: number }) {
  const loop = new ClosedLoop({
    strategy: new LeastTime(),
    random: seededRandom(options.seed ?? 7),
    nodes: 5,
    clients: options.clients,
    thinkMs: options.thinkMs ?? 0,
    halfLifeMs: latencyHalfLifeMs,
  });
  return { loop, second: at(loop.nodes, 1) };
}

function at(nodes: readonly SimulatedNode[], index: number): SimulatedNode {
  const node = nodes[index];
  if (node === undefined) throw new Error(`there is no node ${index}`);
  return node;
}

describe.each([
  { clients: 1 },
  { clients: 4 },
  { clients: 16 },
  { clients: 40 },
  { clients: 8, thinkMs: 50 },
  { clients: 1, thinkMs: 20 },
])('clients in a closed loop: %o', (options) => {
  const tags = tagsFor(options);

  test('equally fast nodes share equally and none is flooded', { tags }, () => {
    const { loop } = start(options);
    for (const share of loop.run(3000)) {
      expect(share).toBeGreaterThan(0.17);
      expect(share).toBeLessThan(0.23);
    }
  });

  test('a node slowed by 20 ms gets under 5 %, and then its share back', { tags }, () => {
    const { loop, second } = start(options);
    loop.run(2000);
    second.delayMs = 20;
    // From the first moment on, not only when it has been found out.
    expect(loop.run(1000)[1]).toBeLessThan(0.05);
    expect(loop.run(4000)[1]).toBeLessThan(0.05);
    expect(second.reads).toBeGreaterThan(0);
    second.delayMs = 0;
    loop.run(5000);
    expect(loop.run(1000)[1]).toBeGreaterThan(0.17);
  });
});

test('reads of several milliseconds with one node 20 ms slower: under 5 % too', () => {
  const { loop, second } = start({ clients: 16 });
  for (const node of loop.nodes) node.delayMs = 3;
  loop.run(2000);
  second.delayMs += 20;
  expect(loop.run(10_000)[1]).toBeLessThan(0.05);
  second.delayMs -= 20;
  loop.run(5000);
  expect(loop.run(5000)[1]).toBeGreaterThan(0.17);
});

test('a node that took seconds is tried again within about five and gets its share back', () => {
  const { loop, second } = start({ clients: 4 });
  loop.run(2000);
  second.delayMs = 2000;
  loop.run(5000);
  loop.run(30_000);
  // Every client it holds costs throughput: a probe each five seconds and hardly more.
  expect(second.reads).toBeGreaterThanOrEqual(3);
  expect(second.reads).toBeLessThan(10);
  second.delayMs = 0;
  loop.run(10_000);
  expect(loop.run(5000)[1]).toBeGreaterThan(0.17);
});

test('a single very long read does not take a node out of favour', () => {
  const { loop, second } = start({ clients: 16 });
  loop.run(2000);
  second.delayMs = 10_000;
  while (second.reads < 1) loop.run(0.05);
  second.delayMs = 0;
  loop.run(15_000);
  expect(loop.run(2000)[1]).toBeGreaterThan(0.17);
});

test('a node that comes into rotation gets a fair share at once and no flood', () => {
  const { loop, second } = start({ clients: 16 });
  second.inRotation = false;
  expect(loop.run(1000)[1]).toBe(0);
  second.inRotation = true;
  const share = loop.run(100)[1];
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.3);
});

test('the strategy may be replaced by a fresh one in the middle', () => {
  const { loop, second } = start({ clients: 16 });
  second.delayMs = 20;
  loop.run(2000);
  loop.strategy = new LeastTime();
  expect(loop.run(2000)[1]).toBeLessThan(0.05);
});

test('weights count among equally fast nodes', () => {
  const candidates = [
    candidate('a', { averageMs: 1 }),
    candidate('b', { averageMs: 1, weight: 3 }),
  ];
  expect(countByName(picks(new LeastTime(), candidates, 400))).toEqual({ a: 100, b: 300 });
});

test('with nothing known at all the nodes take turns', () => {
  const candidates = ['a', 'b', 'c'].map((name) => candidate(name));
  expect(picks(new LeastTime(), candidates, 6).join('')).toBe('abcabc');
});
