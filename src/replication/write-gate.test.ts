import { expect, test } from 'vitest';
import { SimulatedClock } from '../health/testing/simulated-clock.ts';
import { WriteGate } from './write-gate.ts';

function newGate(queueMax = 10) {
  const clock = new SimulatedClock();
  const gate = new WriteGate({ clock, queueMax: () => queueMax });
  const entered: string[] = [];
  const enter = (name: string, alone: boolean): Promise<() => void> => {
    const entering = alone ? gate.exclusive(1_000) : gate.shared(1_000);
    return entering.then((release) => {
      entered.push(name);
      return release;
    });
  };
  return { clock, gate, entered, enter };
}

test('transactions share it', async () => {
  const { gate, entered, enter } = newGate();
  await Promise.all([enter('a', false), enter('b', false)]);
  expect(entered).toEqual(['a', 'b']);
  expect(gate.sharing).toBe(2);
});

test('what runs alone waits for those inside, and those behind it wait', async () => {
  const { clock, entered, enter } = newGate();
  const first = await enter('first', false);
  const alone = enter('alone', true);
  const behind = enter('behind', false);
  await clock.advance(1);
  expect(entered).toEqual(['first']);
  first();
  const release = await alone;
  await clock.advance(1);
  expect(entered).toEqual(['first', 'alone']);
  release();
  await behind;
  expect(entered).toEqual(['first', 'alone', 'behind']);
});

test('giving back twice gives back once', async () => {
  const { gate, enter } = newGate();
  const first = await enter('first', false);
  await enter('second', false);
  first();
  first();
  expect(gate.sharing).toBe(1);
});

test('a wait that takes too long fails, and lets those behind it in', async () => {
  const { clock, entered, enter } = newGate();
  await enter('first', false);
  const alone = enter('alone', true).catch((error: { code: string }) => error.code);
  await clock.advance(500);
  const behind = enter('behind', false);
  await clock.advance(600);
  expect(await alone).toBe('ddl_wait_timeout');
  await behind;
  expect(entered).toEqual(['first', 'behind']);
});

test('the queue has a limit', async () => {
  const { gate, enter } = newGate(1);
  await enter('first', false);
  void enter('alone', true);
  expect(() => gate.exclusive(1_000)).toThrow(expect.objectContaining({ code: 'queue_full' }));
});
