import { beforeEach, describe, expect, test } from 'vitest';
import { type NodeName, nodeName } from '../base/brands.ts';
import type { HealthCheckResult } from './health-check.ts';
import { HealthMonitor, type HealthMonitorOptions } from './health-monitor.ts';
import { settle, SimulatedClock } from './testing/simulated-clock.ts';

const a = nodeName('a');
const b = nodeName('b');

type Behaviour = HealthCheckResult | 'hangs' | 'throws';
const healthy: Behaviour = { kind: 'healthy', latencyMs: 1 };
const refused: Behaviour = { kind: 'unreachable', reason: 'ECONNREFUSED' };
const full: Behaviour = { kind: 'busy', reason: 'Too many connections' };

/** Servers that answer checks as they are told, a monitor over them, and what it said. */
class Fixture {
  readonly clock = new SimulatedClock();
  readonly behaviour = new Map<NodeName, Behaviour>();
  readonly checkedAt = new Map<NodeName, number[]>();
  readonly heard: string[] = [];
  readonly aborted: NodeName[] = [];
  answerMs = 10;
  running = 0;
  runningMax = 0;
  readonly monitor: HealthMonitor;

  constructor(options: Partial<HealthMonitorOptions> = {}) {
    this.monitor = new HealthMonitor({
      clock: this.clock,
      check: (node, signal) => this.#check(node, signal),
      intervalMs: 5000,
      timeoutMs: 2000,
      ...options,
    });
    this.monitor.subscribe({
      onNodeDown: (node, reason) => this.heard.push(`${node} down: ${reason}`),
      onNodeUp: (node) => this.heard.push(`${node} up`),
      onNodeBusy: (node, reason) => this.heard.push(`${node} busy: ${reason}`),
    });
  }

  /** Watches nodes that are well, up to just after their first checks. */
  async watchHealthy(...nodes: NodeName[]): Promise<void> {
    for (const node of nodes) {
      this.behaviour.set(node, healthy);
      this.monitor.watch(node);
    }
    await this.clock.advance(this.answerMs);
    this.heard.length = 0;
  }

  checksOf(node: NodeName): number {
    return this.checkedAt.get(node)?.length ?? 0;
  }

  async #check(node: NodeName, signal: AbortSignal): Promise<HealthCheckResult> {
    this.checkedAt.set(node, [...(this.checkedAt.get(node) ?? []), this.clock.nowMs()]);
    signal.addEventListener('abort', () => this.aborted.push(node));
    this.running += 1;
    this.runningMax = Math.max(this.runningMax, this.running);
    await new Promise<void>((resolve) => {
      // A paused server accepts the connection and never answers.
      if (this.behaviour.get(node) !== 'hangs') this.clock.after(this.answerMs, resolve);
      signal.addEventListener('abort', () => resolve());
    });
    this.running -= 1;
    const behaviour = this.behaviour.get(node) ?? refused;
    if (behaviour === 'throws') throw new Error('wrong password');
    if (behaviour === 'hangs') return new Promise(() => {});
    return behaviour;
  }
}

let f: Fixture;
beforeEach(() => {
  f = new Fixture();
});

describe('active checks', () => {
  test('the first check comes at once and one success is enough', async () => {
    f.behaviour.set(a, healthy);
    f.monitor.watch(a);
    expect(f.monitor.stateOf(a)).toBe('unknown');
    await f.clock.advance(10);
    expect(f.heard).toEqual(['a up']);
    expect(f.monitor.stateOf(a)).toBe('up');
  });

  test('a node that does not answer its first check is down', async () => {
    f.monitor.watch(a);
    await f.clock.advance(10);
    expect(f.heard).toEqual(['a down: ECONNREFUSED']);
  });

  test('a node that is to take part again needs one success, as at first', async () => {
    f.monitor.watch(a);
    await f.clock.advance(20);
    f.behaviour.set(a, healthy);
    f.monitor.renew(a);
    await f.clock.advance(10);
    expect(f.heard).toEqual(['a down: ECONNREFUSED', 'a up']);
    f.monitor.renew(b);
    expect(f.checksOf(b)).toBe(0);
  });

  test('they come at the interval, measured from the beginning of each', async () => {
    await f.watchHealthy(a);
    f.answerMs = 400;
    await f.clock.advance(20_000);
    expect(f.checkedAt.get(a)).toEqual([0, 5000, 10_000, 15_000, 20_000]);
  });

  test('different nodes are not checked at the same moment', async () => {
    await f.watchHealthy(...['a', 'b', 'c', 'd', 'e'].map(nodeName));
    await f.clock.advance(10_000);
    const second = [...f.checkedAt.values()].map((times) => times[1] ?? Number.NaN);
    const sorted = second.toSorted((x, y) => x - y);
    for (let i = 1; i < sorted.length; i += 1) {
      expect((sorted[i] ?? 0) - (sorted[i - 1] ?? 0)).toBeGreaterThan(500);
    }
    for (const times of f.checkedAt.values()) expect((times[2] ?? 0) - (times[1] ?? 0)).toBe(5000);
  });

  test('one failure takes a node out, a second one is not told again', async () => {
    await f.watchHealthy(a);
    f.behaviour.set(a, refused);
    await f.clock.advance(15_010);
    expect(f.heard).toEqual(['a down: ECONNREFUSED']);
    expect(f.checksOf(a)).toBe(4);
  });

  test('with fall 3 the third failure in a row takes it out', async () => {
    f = new Fixture({ fall: 3 });
    await f.watchHealthy(a);
    f.behaviour.set(a, refused);
    await f.clock.advance(10_010);
    f.behaviour.set(a, healthy);
    await f.clock.advance(5000);
    f.behaviour.set(a, refused);
    await f.clock.advance(10_000);
    expect(f.heard).toEqual([]);
    await f.clock.advance(5000);
    expect(f.heard).toEqual(['a down: ECONNREFUSED']);
  });

  test('a check that hangs has failed at its deadline and is aborted', async () => {
    await f.watchHealthy(a);
    f.behaviour.set(a, 'hangs');
    await f.clock.advance(5000 + 1999 - 10);
    expect(f.heard).toEqual([]);
    await f.clock.advance(1);
    expect(f.heard).toEqual(['a down: no answer within 2000 ms']);
    expect(f.aborted).toEqual([a]);
  });

  test('a check that throws has failed', async () => {
    f.behaviour.set(a, 'throws');
    f.monitor.watch(a);
    await f.clock.advance(10);
    expect(f.heard).toEqual(['a down: wrong password']);
  });

  test('after a deadline longer than the interval the next check follows at once', async () => {
    f = new Fixture({ intervalMs: 1000 });
    await f.watchHealthy(a);
    f.behaviour.set(a, 'hangs');
    await f.clock.advance(3100);
    expect(f.checkedAt.get(a)).toEqual([0, 1000, 3000]);
    expect(f.runningMax).toBe(1);
  });
});

describe('coming up', () => {
  test('needs two successes in a row, half a second apart', async () => {
    f.monitor.watch(a);
    await f.clock.advance(10);
    f.behaviour.set(a, healthy);
    await f.clock.advance(5499);
    expect(f.heard).toEqual(['a down: ECONNREFUSED']);
    await f.clock.advance(1);
    expect(f.heard).toEqual(['a down: ECONNREFUSED', 'a up']);
    expect(f.checkedAt.get(a)).toEqual([0, 5000, 5500]);
  });

  test('a failure between them begins the count again', async () => {
    f = new Fixture({ rise: 3 });
    f.monitor.watch(a);
    await f.clock.advance(10);
    f.behaviour.set(a, healthy);
    await f.clock.advance(5500);
    f.behaviour.set(a, refused);
    await f.clock.advance(500);
    f.behaviour.set(a, healthy);
    await f.clock.advance(5900);
    expect(f.heard).toEqual(['a down: ECONNREFUSED']);
    await f.clock.advance(100);
    expect(f.heard).toEqual(['a down: ECONNREFUSED', 'a up']);
  });
});

describe('suspicion', () => {
  test('checks at once, and one failure takes the node out whatever fall says', async () => {
    f = new Fixture({ fall: 5 });
    await f.watchHealthy(a);
    await f.clock.advance(1000);
    f.behaviour.set(a, refused);
    f.monitor.suspect(a, 'connection reset');
    await f.clock.advance(10);
    expect(f.heard).toEqual(['a down: ECONNREFUSED (checked because: connection reset)']);
  });

  test('of a healthy node changes nothing, and the next check is an interval away', async () => {
    await f.watchHealthy(a);
    await f.clock.advance(1990);
    f.monitor.suspect(a, 'reset');
    await f.clock.advance(10_000);
    expect(f.heard).toEqual([]);
    expect(f.checkedAt.get(a)).toEqual([0, 2000, 7000, 12_000]);
  });

  test('a hundred broken connections make one check', async () => {
    await f.watchHealthy(a);
    f.behaviour.set(a, refused);
    for (let i = 0; i < 100; i += 1) f.monitor.suspect(a, 'reset');
    await f.clock.advance(10);
    for (let i = 0; i < 100; i += 1) f.monitor.suspect(a, 'reset');
    await f.clock.advance(1000);
    expect(f.checksOf(a)).toBe(2);
    expect(f.heard).toHaveLength(1);
  });

  test('during a check makes one more after it: that one may have asked too early', async () => {
    await f.watchHealthy(a);
    f.monitor.suspect(a, 'reset');
    await f.clock.advance(5);
    f.monitor.suspect(a, 'broken pipe');
    f.monitor.suspect(a, 'broken pipe');
    await f.clock.advance(5);
    f.behaviour.set(a, refused);
    await f.clock.advance(1000);
    expect(f.heard).toEqual(['a down: ECONNREFUSED (checked because: broken pipe)']);
    expect(f.checksOf(a)).toBe(3);
    expect(f.runningMax).toBe(1);
  });

  test('of one node leaves the others alone', async () => {
    await f.watchHealthy(a, b);
    f.monitor.suspect(a, 'reset');
    await f.clock.advance(100);
    expect([f.checksOf(a), f.checksOf(b)]).toEqual([2, 1]);
  });

  test('of a node that nobody watches is nothing', () => {
    f.monitor.suspect(a, 'reset');
    expect(f.checksOf(a)).toBe(0);
  });
});

describe('a full server', () => {
  test('is busy, not down, even under suspicion', async () => {
    await f.watchHealthy(a);
    f.behaviour.set(a, full);
    f.monitor.suspect(a, 'refused');
    await f.clock.advance(10);
    expect(f.heard).toEqual(['a busy: Too many connections']);
    expect(f.monitor.stateOf(a)).toBe('up');
  });

  test('does not come up while it is full', async () => {
    f.monitor.watch(a);
    await f.clock.advance(10);
    f.behaviour.set(a, full);
    await f.clock.advance(20_000);
    expect(f.monitor.stateOf(a)).toBe('down');
  });
});

describe('a restarted server', () => {
  const since = (startedMs: number): HealthCheckResult => ({
    kind: 'healthy',
    latencyMs: 1,
    startedAtS: Math.floor(startedMs / 1000),
  });

  test('goes down and comes up although every check was good', async () => {
    f.behaviour.set(a, since(-100_000));
    f.monitor.watch(a);
    await f.clock.advance(4000);
    f.behaviour.set(a, since(3500));
    await f.clock.advance(1010);
    f.behaviour.set(a, since(3500));
    await f.clock.advance(1000);
    expect(f.heard).toEqual(['a up', 'a down: the server was restarted', 'a up']);
  });

  test('goes down at once when a connection shows it, whatever a check finds', async () => {
    await f.watchHealthy(a);
    f.monitor.suspect(a, 'reset');
    f.monitor.restarted(a);
    f.monitor.restarted(a);
    expect(f.heard).toEqual(['a down: the server was restarted']);
    expect(f.aborted).toEqual([a]);
    await f.clock.advance(1000);
    expect(f.heard.slice(1)).toEqual(['a up']);
  });

  test('is not seen in one that has just run on', async () => {
    for (let i = 0; i < 100; i += 1) {
      f.behaviour.set(a, since(-700));
      if (i === 0) f.monitor.watch(a);
      await f.clock.advance(777);
    }
    expect(f.heard).toEqual(['a up']);
  });
});

describe('watching and observing', () => {
  test('unwatch ends the checks, also one under way', async () => {
    await f.watchHealthy(a);
    f.behaviour.set(a, refused);
    f.monitor.suspect(a, 'reset');
    f.monitor.unwatch(a);
    await f.clock.advance(60_000);
    expect(f.heard).toEqual([]);
    expect(f.checksOf(a)).toBe(2);
    expect(f.aborted).toEqual([a]);
  });

  test('a node watched again begins as unknown', async () => {
    await f.watchHealthy(a);
    f.monitor.unwatch(a);
    f.monitor.watch(a);
    expect(f.monitor.stateOf(a)).toBe('unknown');
    await f.clock.advance(10);
    expect(f.heard).toEqual(['a up']);
  });

  test('stop leaves no timer behind', async () => {
    await f.watchHealthy(a, b);
    f.monitor.suspect(a, 'reset');
    f.monitor.stop();
    f.monitor.watch(a);
    await f.clock.advance(10);
    expect(f.clock.pendingTimers).toBe(0);
    expect(f.monitor.snapshot()).toEqual([]);
  });

  test('every observer hears, whatever another one throws', async () => {
    const faults: unknown[] = [];
    f = new Fixture({ onFault: (error) => faults.push(error) });
    const bad = new Error('observer');
    const order: string[] = [];
    f.monitor.subscribe({
      onNodeUp: () => {
        throw bad;
      },
      onNodeDown: () => {},
    });
    const end = f.monitor.subscribe({
      onNodeUp: (node) => order.push(`${node} up`),
      onNodeDown: (node) => order.push(`${node} down`),
    });
    f.behaviour.set(a, healthy);
    f.monitor.watch(a);
    await f.clock.advance(10);
    expect(faults).toEqual([bad]);
    expect(order).toEqual(['a up']);
    end();
    f.behaviour.set(a, refused);
    f.monitor.suspect(a, 'reset');
    await f.clock.advance(10);
    expect(order).toEqual(['a up']);
  });

  test('an observer may unwatch or suspect in the middle of being told', async () => {
    await f.watchHealthy(a, b);
    f.monitor.subscribe({
      onNodeUp: () => {},
      onNodeDown: (node) => {
        f.monitor.suspect(node, 'its other connections broke');
        f.monitor.unwatch(node);
      },
    });
    f.behaviour.set(a, refused);
    f.monitor.suspect(a, 'reset');
    await f.clock.advance(60_000);
    await settle();
    expect(f.checksOf(a)).toBe(2);
    expect(f.monitor.stateOf(b)).toBe('up');
  });

  test('the snapshot tells state and last result', async () => {
    await f.watchHealthy(a);
    expect(f.monitor.snapshot()).toEqual([
      { node: a, state: 'up', lastResult: healthy, lastCheckedMs: 10 },
    ]);
  });
});
