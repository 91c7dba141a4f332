import { expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import { FailoverManager } from './failover-manager.ts';
import { HealthMonitor } from './health-monitor.ts';
import { SimulatedClock } from './testing/simulated-clock.ts';

test('takes a node out when it goes down, and leaves coming up to others', async () => {
  const clock = new SimulatedClock();
  const taken: string[] = [];
  let up = true;
  const monitor = new HealthMonitor({
    clock,
    check: () =>
      Promise.resolve(
        up ? { kind: 'healthy', latencyMs: 1 } : { kind: 'unreachable', reason: 'refused' },
      ),
    intervalMs: 5000,
    timeoutMs: 2000,
  });
  monitor.subscribe(new FailoverManager({ takeOut: (...what) => taken.push(what.join(': ')) }));
  monitor.watch(nodeName('a'));
  await clock.advance(1);
  expect(taken).toEqual([]);
  up = false;
  monitor.suspect(nodeName('a'), 'connection lost');
  await clock.advance(0);
  expect(taken).toEqual(['a: refused (checked because: connection lost)']);
  monitor.stop();
});
