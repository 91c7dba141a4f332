import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { SimulatedClock } from '../health/testing/simulated-clock.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../log/embedded-log.ts';
import { seededRandom } from '../log/testing/seeded-random.ts';
import { type DiskStep, type Fault, SimulatedDisk } from '../log/testing/simulated-disk.ts';
import type { Entry } from './entry.ts';
import { Sequencer } from './sequencer.ts';
import { entryOf } from './testing/entries.ts';

const limits = { entriesMax: 10, bytesMax: 1_000_000 };

async function sequencerOn(decide: (step: DiskStep) => Fault | undefined = () => undefined) {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk({ random: seededRandom(1), decide });
  const log: EmbeddedLog = await openEmbeddedLog({
    folder: '/log',
    clusterId: 'c',
    fileSystem: disk.fileSystem(),
    clock,
    randomU32: () => 7,
    onWarning: () => undefined,
  });
  const durable: Entry[] = [];
  const sequencer = new Sequencer({ log, clock, onDurable: (entry) => durable.push(entry) });
  return { sequencer, durable, log };
}

test('the place is taken at once, and entries become durable in that order', async () => {
  const { sequencer, durable } = await sequencerOn();
  const appended = ['A', 'B', 'C'].map((sql) => sequencer.append(entryOf(0, sql)));
  expect(appended.map(({ entry }) => entry.seq)).toEqual([1, 2, 3]);
  expect([sequencer.lastAppended, sequencer.lastDurable]).toEqual([3, 0]);
  await Promise.all(appended.map((each) => each.durable));
  expect(durable.map((entry) => entry.commands[0]?.sql)).toEqual(['A', 'B', 'C']);
  expect([sequencer.lastAppended, sequencer.lastDurable]).toEqual([3, 3]);
});

test('what is read, from memory or from the log, is what was appended', async () => {
  const { sequencer, durable, log } = await sequencerOn();
  await Promise.all(['A', 'B'].map((sql) => sequencer.append(entryOf(0, sql)).durable));
  expect(sequencer.readCached(seq(1), limits)).toEqual(durable);
  expect(sequencer.readCached(seq(3), limits)).toBeUndefined();
  expect(await sequencer.read(seq(1), limits)).toEqual(durable);
  const fresh = new Sequencer({ log, clock: new SimulatedClock(), onDurable: () => undefined });
  expect(fresh.readCached(seq(1), limits)).toBeUndefined();
  expect(await fresh.read(seq(2), limits)).toEqual(durable.slice(1));
});

test('entries in memory are handed out up to the limit of bytes, and one at least', async () => {
  const { sequencer } = await sequencerOn();
  const texts = ['A', 'B', 'C'].map((letter) => letter.repeat(1_000));
  await Promise.all(texts.map((sql) => sequencer.append(entryOf(0, sql)).durable));
  const handedOut = (bytesMax: number): number | undefined =>
    sequencer.readCached(seq(1), { entriesMax: 10, bytesMax })?.length;
  expect([handedOut(10), handedOut(2_500), handedOut(100_000)]).toEqual([1, 2, 3]);
});

test('an entry that the log refuses leaves no gap', async () => {
  let failing = false;
  const { sequencer, durable, log } = await sequencerOn((step) =>
    failing && step === 'sync_data' ? 'io_error' : undefined,
  );
  await sequencer.append(entryOf(0, 'A')).durable;
  failing = true;
  await expect(sequencer.append(entryOf(0, 'B')).durable).rejects.toThrow(/takes no writes/);
  expect(sequencer.failed).toBeDefined();
  expect([sequencer.lastAppended, sequencer.lastDurable]).toEqual([1, 1]);
  failing = false;
  await log.heal();
  const { entry, durable: done } = sequencer.append(entryOf(0, 'C'));
  await done;
  expect(entry.seq).toBe(2);
  expect(sequencer.failed).toBeUndefined();
  expect(durable.map(({ commands }) => commands[0]?.sql)).toEqual(['A', 'C']);
});

test('an intent takes no place', async () => {
  const { sequencer, log } = await sequencerOn();
  await sequencer.intend(entryOf(0, 'A'), () => Buffer.from('intent'));
  expect(sequencer.lastAppended).toBe(0);
  expect(log.trailingIntent?.seq).toBe(1);
  expect(sequencer.append(entryOf(0, 'A')).entry.seq).toBe(1);
});
