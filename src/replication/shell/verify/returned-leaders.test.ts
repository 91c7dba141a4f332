import { beforeEach, expect, test } from 'vitest';
import { nodeName, seq } from '../../../base/brands.ts';
import { LockstepError } from '../../../base/errors.ts';
import { settle, SimulatedClock } from '../../../health/testing/simulated-clock.ts';
import { EventLog } from '../../../telemetry/event-log.ts';
import { ReturnedLeaders } from './returned-leaders.ts';
import type { MissedNode } from './compared-nodes.ts';

const node = nodeName('mysql1');
let clock: SimulatedClock;
let events: EventLog;
let returned: ReturnedLeaders;
/** How each comparison ends, in turn; one that has none is equal at once. */
let endings: (() => Promise<{ missed: MissedNode[] }>)[];
let compared: number;

beforeEach(() => {
  clock = new SimulatedClock();
  events = new EventLog({ clock, capacity: 100 });
  endings = [];
  compared = 0;
  returned = new ReturnedLeaders({
    clock,
    events,
    isWanted: () => true,
    verify: () => {
      compared += 1;
      return endings.shift()?.() ?? Promise.resolve({ missed: [] });
    },
  });
});

const catchUp = async (overtaken: boolean): Promise<void> => {
  events.publish({ kind: 'replay_started', node, entries: 2, overtaken });
  await settle();
  events.publish({ kind: 'replay_finished', node, entries: 2, durationMs: 1 });
  await settle();
};

test('the nodes are compared once a leader that died between commits is in sync', async () => {
  events.publish({ kind: 'replay_started', node, entries: 2, overtaken: true });
  await settle();
  expect(compared).toBe(0);
  events.publish({ kind: 'replay_finished', node, entries: 2, durationMs: 1 });
  await settle();
  expect(compared).toBe(1);
  await catchUp(false);
  await clock.advance(3_600_000);
  expect(compared).toBe(1);
});

test('not for a node whose markers leave nothing open, nor for one that was filled', async () => {
  await catchUp(false);
  events.publish({ kind: 'replay_started', node, entries: 2, overtaken: true });
  const filled = { seq: seq(5), tables: 1, rows: 1, bytes: 1, durationMs: 1 };
  events.publish({ kind: 'resync_finished', node, source: 'mysql2', ...filled });
  events.publish({ kind: 'replay_finished', node, entries: 2, durationMs: 1 });
  await settle();
  expect(compared).toBe(0);
});

test('again after a minute when it failed, or another one was under way', async () => {
  endings.push(() => Promise.reject(new LockstepError('conflict', 'another one is under way')));
  await catchUp(true);
  await clock.advance(59_000);
  expect(compared).toBe(1);
  await clock.advance(2_000);
  expect(compared).toBe(2);
  await clock.advance(3_600_000);
  expect(compared).toBe(2);
});

test('again when it is back, if it went away while it was compared', async () => {
  endings.push(() => Promise.resolve({ missed: [{ node, reason: 'it is DOWN' }] }));
  await catchUp(true);
  await clock.advance(3_600_000);
  expect(compared).toBe(1);
  await catchUp(false);
  expect(compared).toBe(2);
});

test('not again when somebody ended it', async () => {
  endings.push(async () => {
    await settle();
    returned.forget();
    throw new LockstepError('conflict', 'it was cancelled');
  });
  await catchUp(true);
  await clock.advance(3_600_000);
  expect(compared).toBe(1);
});
