import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { EventLog } from './event-log.ts';
import type { StampedEvent } from './events.ts';

const clock = { ...systemClock, wallMs: () => 1_700_000_000_000 };
const create = (capacity = 3) => new EventLog({ clock, capacity });
const warn = (log: EventLog, message: string) => log.publish({ kind: 'log_warning', message });
const messages = (events: readonly StampedEvent[]) =>
  events.map((event) => (event.kind === 'log_warning' ? event.message : event.kind));

test('an event is stamped with the next number and the time of day', () => {
  const log = create();
  warn(log, 'one');
  expect(warn(log, 'two')).toEqual({
    kind: 'log_warning',
    message: 'two',
    id: 2,
    at: 1_700_000_000_000,
  });
  expect(log.lastId).toBe(2);
});

test('since gives what came after an event, oldest first', () => {
  const log = create();
  for (const message of ['one', 'two', 'three']) warn(log, message);
  expect(messages(log.since(0))).toEqual(['one', 'two', 'three']);
  expect(messages(log.since(2))).toEqual(['three']);
  expect(log.since(3)).toEqual([]);
  expect(log.since(99)).toEqual([]);
});

test('beyond its capacity the oldest are forgotten', () => {
  const log = create(3);
  for (let i = 1; i <= 10; i += 1) warn(log, String(i));
  expect(messages(log.since(0))).toEqual(['8', '9', '10']);
  expect(messages(log.since(8))).toEqual(['9', '10']);
  expect(messages(log.since(-5))).toEqual(['8', '9', '10']);
});

test('subscribers hear later events until they end their subscription', () => {
  const log = create();
  const heard: StampedEvent[] = [];
  warn(log, 'before');
  const end = log.subscribe((event) => heard.push(event));
  warn(log, 'during');
  end();
  end();
  warn(log, 'after');
  expect(messages(heard)).toEqual(['during']);
});

test('one function may subscribe twice and end each on its own', () => {
  const log = create();
  let calls = 0;
  const count = () => {
    calls += 1;
  };
  const end = log.subscribe(count);
  log.subscribe(count);
  warn(log, 'one');
  end();
  warn(log, 'two');
  expect(calls).toBe(3);
});

test('a subscriber that throws harms neither the others nor the publisher', () => {
  const faults: unknown[] = [];
  const log = new EventLog({ clock, capacity: 3, onFault: (error) => faults.push(error) });
  const heard: StampedEvent[] = [];
  const bad = new Error('subscriber');
  log.subscribe(() => {
    throw bad;
  });
  log.subscribe((event) => heard.push(event));
  warn(log, 'one');
  expect(messages(heard)).toEqual(['one']);
  expect(faults).toEqual([bad]);
});
