import { describe, expect, test } from 'vitest';
import { SimulatedClock } from '../health/testing/simulated-clock.ts';
import { Hold } from './hold.ts';
import { WriteGate } from './write-gate.ts';

describe('Hold', () => {
  test('is free when every holder has given it back, each once', async () => {
    const hold = new Hold(new SimulatedClock());
    const first = hold.take();
    const second = hold.take();
    first();
    first();
    expect(hold.held).toBe(true);
    const freed = hold.whenFree();
    second();
    await freed;
    expect(hold.held).toBe(false);
  });

  test('is free for a holder when the others have given it back', async () => {
    const hold = new Hold(new SimulatedClock());
    hold.take();
    const other = hold.take();
    const freed = hold.free(100, 1);
    expect(hold.heldBeside(1)).toBe(true);
    other();
    expect(await freed).toBe(true);
    expect(hold.held).toBe(true);
  });

  test('waiting ends after the time given', async () => {
    const clock = new SimulatedClock();
    const hold = new Hold(clock);
    const release = hold.take();
    const waiting = hold.free(100);
    await clock.advance(101);
    expect(await waiting).toBe(false);
    release();
    expect(await hold.free(0)).toBe(true);
  });
});

describe('the write gate while tables are read as a whole', () => {
  const gateOn = (clock: SimulatedClock): WriteGate => new WriteGate({ clock, queueMax: () => 10 });

  test('DDL waits and other writes do not wait behind it', async () => {
    const clock = new SimulatedClock();
    const gate = gateOn(clock);
    const release = gate.schema.take();
    let entered = false;
    const ddl = gate.exclusiveSchema(1000).then((leave) => {
      entered = true;
      return leave;
    });
    await clock.advance(10);
    const write = gate.tryShared();
    expect(write).toBeDefined();
    write?.();
    expect(entered).toBe(false);
    release();
    (await ddl)();
    expect(entered).toBe(true);
  });

  test('DDL that has waited for too long is refused with the reason', async () => {
    const clock = new SimulatedClock();
    const gate = gateOn(clock);
    gate.schema.take();
    const refused = gate.exclusiveSchema(1000).catch((error: unknown) => error);
    await clock.advance(1001);
    expect(await refused).toMatchObject({ code: 'ddl_wait_timeout' });
    expect(gate.queued).toBe(0);
  });

  test('DDL of one that keeps others from theirs does not wait for itself', async () => {
    const clock = new SimulatedClock();
    const gate = gateOn(clock);
    gate.schema.take();
    (await gate.exclusiveSchema(1000, 1))();
    const release = gate.schema.take();
    const refused = gate.exclusiveSchema(1000, 1).catch((error: unknown) => error);
    await clock.advance(1001);
    expect(await refused).toMatchObject({ code: 'ddl_wait_timeout' });
    release();
  });

  test('a reader that comes while DDL waits for open transactions goes first', async () => {
    const clock = new SimulatedClock();
    const gate = gateOn(clock);
    const transaction = await gate.shared(0);
    let entered = false;
    const ddl = gate.exclusiveSchema(1000).then((leave) => {
      entered = true;
      return leave;
    });
    await clock.advance(1);
    const release = gate.schema.take();
    transaction();
    await clock.advance(1);
    expect(entered).toBe(false);
    release();
    (await ddl)();
    expect(entered).toBe(true);
  });
});
