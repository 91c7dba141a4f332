import { expect, test } from 'vitest';
import { SimulatedClock } from '../health/testing/simulated-clock.ts';
import { WriteGate } from '../replication/write-gate.ts';
import { type LockedTables, TableLocks } from './table-locks.ts';

function newLocks(queueMax = 10) {
  const clock = new SimulatedClock();
  const gate = new WriteGate({ clock, queueMax: () => queueMax });
  const locks = new TableLocks(clock);
  const order: string[] = [];
  const lock = async (name: string, held: 'read' | 'write'): Promise<() => void> => {
    const tables: LockedTables = new Map([['s.t', held]]);
    const release = await locks.lock(gate, tables, 1_000);
    order.push(name);
    return release;
  };
  return { clock, gate, locks, order, lock };
}

test('the last of those who read lets go of the gate; to release twice counts once', async () => {
  const { gate, lock } = newLocks();
  const first = await lock('first', 'read');
  const second = await lock('second', 'read');
  first();
  first();
  expect(gate.tryShared()).toBeUndefined();
  second();
  expect(gate.tryShared()).toBeDefined();
});

test('who waits to write is not overtaken by those who come to read', async () => {
  const { clock, gate, order, lock } = newLocks();
  const early = await lock('early', 'read');
  const writing = gate.shared(1_000).then((release) => {
    order.push('written');
    release();
  });
  const late = [lock('late', 'read'), lock('later', 'read')];
  await clock.advance(1);
  expect(order).toEqual(['early']);
  early();
  await writing;
  for (const release of await Promise.all(late)) release();
  expect(order).toEqual(['early', 'written', 'late', 'later']);
  expect(gate.tryShared()).toBeDefined();
});

test('a lock that was refused or came too late holds nothing', async () => {
  const { clock, gate, lock } = newLocks(1);
  const writing = await gate.shared(1_000);
  const late = lock('late', 'read').catch((error: unknown) => error);
  const beside = lock('beside', 'read').catch((error: unknown) => error);
  await expect(lock('one too many', 'write')).rejects.toMatchObject({ code: 'queue_full' });
  await clock.advance(1_000);
  expect(await late).toMatchObject({ code: 'ddl_wait_timeout' });
  expect(await beside).toMatchObject({ code: 'ddl_wait_timeout' });
  const waiting = gate.exclusive(1_000);
  await expect(lock('refused', 'read')).rejects.toMatchObject({ code: 'queue_full' });
  writing();
  (await waiting)();
  (await lock('again', 'read'))();
  expect(gate.tryShared()).toBeDefined();
});

test('beside a global read lock one for READ waits for nobody, and outlives it', async () => {
  const { gate, locks, lock } = newLocks();
  const transaction = await gate.shared(1_000);
  const unfreeze = gate.freeze();
  const release = await lock('beside', 'read');
  unfreeze();
  expect(gate.writes.held && gate.commits.held && gate.schema.held).toBe(true);
  expect(locks.heldForRead).toBe(false);
  release();
  expect(gate.writes.held || gate.commits.held || gate.schema.held).toBe(false);
  transaction();
});

test('others wait to read what is locked for WRITE, and for no longer than they may', async () => {
  const { clock, locks, lock } = newLocks();
  const release = await lock('writer', 'write');
  expect(await locks.readable(['s.other'], 1_000)).toBe(true);
  const patient = locks.readable(['s.t'], 1_000);
  const hasty = locks.readable(['s.t'], 10);
  await clock.advance(10);
  expect(await hasty).toBe(false);
  release();
  expect(await patient).toBe(true);
  expect(locks.allReadable).toBe(true);
});
