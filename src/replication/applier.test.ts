import { expect, test } from 'vitest';
import { nodeName, type Seq, seq } from '../base/brands.ts';
import { SimulatedClock } from '../health/testing/simulated-clock.ts';
import type { ApplyBatch } from './apply-batch.ts';
import { Applier, type ApplierEnd } from './applier.ts';
import type { Entry } from './entry.ts';
import type { EntrySource } from './entry-source.ts';
import type { BatchOutcome, DdlOutcome, FollowerPort } from './follower-port.ts';
import { ResultEvidence } from './result-evidence.ts';
import { entryOf } from './testing/entries.ts';

const fine = { affectedRows: 1, insertId: '0', errno: 0, info: '' };

/** A node that answers as a test says, and writes down what it was asked. */
class ScriptedPort implements FollowerPort {
  readonly name = nodeName('n');
  readonly calls: string[] = [];
  batch: (batch: ApplyBatch) => Partial<BatchOutcome> | Error = () => ({});
  ddl: DdlOutcome = { kind: 'done', result: fine, message: '' };

  async applyBatch(batch: ApplyBatch): Promise<BatchOutcome> {
    this.calls.push(`batch ${batch.entries.map((entry) => entry.seq).join(' ') || 'empty'}`);
    const answer = this.batch(batch);
    if (answer instanceof Error) throw answer;
    const results = batch.slots.filter(({ kind }) => kind === 'command').map(() => fine);
    return { kind: 'applied', results, ...answer } as BatchOutcome;
  }

  async applyDdl(entry: Entry): Promise<DdlOutcome> {
    this.calls.push(`ddl ${entry.seq}`);
    return this.ddl;
  }

  async movePosition(position: Seq): Promise<void> {
    this.calls.push(`move ${position}`);
  }

  async foldMarkers(position: Seq): Promise<void> {
    this.calls.push(`fold ${position}`);
  }

  async reset(): Promise<void> {
    this.calls.push('reset');
  }
}

function applierOf(entries: readonly Entry[], beyond: readonly number[] = []) {
  const clock = new SimulatedClock();
  const port = new ScriptedPort();
  const evidence = new ResultEvidence();
  const ends: ApplierEnd[] = [];
  const voids: number[] = [];
  const reads: number[] = [];
  const source: EntrySource & { lastDurable: Seq; lastAppended: Seq } = {
    lastDurable: seq(entries.length),
    lastAppended: seq(entries.length),
    readCached: () => undefined,
    async read(from, { entriesMax }) {
      reads.push(from);
      return entries.slice(from - 1, Math.min(from - 1 + entriesMax, source.lastDurable));
    },
  };
  const applier = new Applier({
    port,
    source,
    evidence,
    clock,
    limits: { entriesMax: 3, bytesMax: 1_000 },
    position: seq(0),
    appliedBeyond: new Set(beyond.map(seq)),
    onProgress: () => undefined,
    onVoid: (at) => voids.push(at),
    onEnd: (end) => ends.push(end),
  });
  const run = async (): Promise<void> => {
    applier.wake();
    await clock.advance(20_000);
  };
  return { applier, port, source, reads, evidence, ends, voids, run, clock };
}

const plain = (count: number): Entry[] =>
  Array.from({ length: count }, (_, index) => entryOf(index + 1, `S${index + 1}`));
const failure = (slot: number, errno: number): BatchOutcome => ({
  kind: 'failed',
  slot,
  errno,
  message: 'it failed',
});

/** The command of one entry fails. */
const failingAt =
  (at: number, errno: number) =>
  ({ slots }: ApplyBatch): Partial<BatchOutcome> => {
    const slot = slots.findIndex((each) => each.kind === 'command' && each.entry.seq === at);
    return slot < 0 ? {} : failure(slot, errno);
  };

test('entries are applied in order, as many at a time as the limit allows', async () => {
  const { applier, port, run } = applierOf(plain(5));
  await run();
  expect(port.calls).toEqual(['batch 1 2 3', 'batch 4 5']);
  expect(applier.position).toBe(5);
});

test('entries that become durable in one group commit go together', async () => {
  const { applier, port, source, run } = applierOf(plain(3));
  for (const durable of [1, 2, 3]) {
    source.lastDurable = seq(durable);
    applier.wake();
  }
  await run();
  expect(port.calls).toEqual(['batch 1 2 3']);
});

test('entries that the disk is about to have go with those that it has', async () => {
  const { applier, port, source, run, clock } = applierOf(plain(6));
  Object.assign(source, { lastDurable: seq(1), lastAppended: seq(3) });
  applier.wake();
  await clock.advance(1);
  expect(port.calls).toEqual([]);
  source.lastDurable = seq(3);
  await run();
  expect(port.calls).toEqual(['batch 1 2 3']);
});

test.each([
  ['few', 3, 4, 0],
  ['none', 2, 2, 0],
  ['as many', 2, 4, 3],
])(
  'beside %s that are to come it waits for so many flushes',
  async (_, durable, appended, most) => {
    const { applier, port, source, clock } = applierOf(plain(durable));
    source.lastAppended = seq(appended);
    applier.wake();
    for (let waited = 0; waited < most; waited += 1) {
      await clock.advance(1.9);
      expect(port.calls).toEqual([]);
      await clock.advance(0.1);
    }
    await clock.advance(0);
    expect(port.calls).toHaveLength(1);
  },
);

test('stop does not wait for what is to come', async () => {
  const { applier, port, source, clock } = applierOf(plain(1));
  source.lastAppended = seq(9);
  applier.wake();
  await clock.advance(0);
  await applier.stop();
  expect(port.calls).toEqual([]);
});

test('what comes next is read while the node is busy, and only once', async () => {
  const { port, reads, run } = applierOf(plain(8));
  const readBefore: number[][] = [];
  port.batch = () => {
    readBefore.push([...reads]);
    return {};
  };
  await run();
  expect(readBefore).toEqual([
    [1, 4],
    [1, 4, 7],
    [1, 4, 7],
  ]);
  expect(port.calls).toEqual(['batch 1 2 3', 'batch 4 5 6', 'batch 7 8']);
});

test('what a former leader has already is passed over, its marker made its position', async () => {
  const { applier, port, run } = applierOf(plain(5), [2, 4]);
  expect(applier.sent).toBe(4);
  await run();
  expect(port.calls).toEqual(['batch 1', 'move 2', 'batch 3', 'move 4', 'batch 5']);
  expect(applier.position).toBe(5);
});

test('DDL runs alone', async () => {
  const ddl: Entry = { ...entryOf(2, 'S2'), kind: 'ddl' };
  const entries = plain(4).with(1, ddl);
  const { port, run } = applierOf(entries);
  await run();
  expect(port.calls).toEqual(['batch 1', 'ddl 2', 'reset', 'batch 3', 'batch 4']);
});

test('a batch that fails in the middle is rolled back, then applied entry by entry', async () => {
  const { applier, port, ends, run } = applierOf(plain(3));
  port.batch = ({ entries }) => (entries.length > 1 ? failure(2, 1205) : {});
  await run();
  expect(port.calls).toEqual(['batch 1 2 3', 'reset', 'batch 1', 'batch 2', 'batch 3']);
  expect(applier.position).toBe(3);
  expect(ends).toEqual([]);
});

test('an error that may pass is tried again, after a rollback', async () => {
  const { applier, port, run } = applierOf(plain(1));
  port.batch = () => (port.calls.length < 4 ? failure(1, 1213) : {});
  await run();
  expect(port.calls).toEqual(['batch 1', 'reset', 'batch 1', 'reset', 'batch 1']);
  expect(applier.position).toBe(1);
});

test('an error that does not pass ends it after a bounded number of attempts', async () => {
  const { port, ends, run } = applierOf(plain(1));
  port.batch = () => failure(1, 1114);
  await run();
  expect(ends).toMatchObject([{ kind: 'lost', reason: expect.stringMatching(/1114/) }]);
  expect(port.calls.length).toBeLessThan(200);
});

test('an error where the leader succeeded is divergence, and nothing more is applied', async () => {
  const { applier, port, ends, run } = applierOf(plain(4));
  port.batch = failingAt(2, 1062);
  await run();
  // The empty batch asks whether the node is where it should be.
  const split = ['batch 1', 'batch 2', 'reset', 'batch empty'];
  expect(port.calls).toEqual(['batch 1 2 3', 'reset', ...split]);
  expect(ends).toMatchObject([{ kind: 'diverged', seq: 2 }]);
  expect(applier.position).toBe(1);
});

test('another result than the leader got is divergence', async () => {
  const { applier, port, ends, run } = applierOf(plain(3));
  port.batch = () => ({ kind: 'applied', results: [fine, { ...fine, affectedRows: 0 }, fine] });
  await run();
  expect(ends).toMatchObject([{ kind: 'diverged', seq: 2 }]);
  expect(applier.position).toBe(0);
});

test.each([
  ['the leader never confirmed', [0, 1, 1], undefined],
  ['was the last of its term', [0, 1], undefined],
  ['the leader confirmed later', [0, 0, 0, 0, 2], 2],
])('of a term before this process, an entry that %s', async (_, confirmed, diverged) => {
  const entries = confirmed.map((at, index) => ({
    ...entryOf(index + 1, 'S'),
    confirmed: seq(at),
  }));
  const { applier, port, ends, run } = applierOf(entries);
  port.batch = ({ entries: batch }) => ({
    kind: 'applied',
    results: batch.map((entry) => (entry.seq === 2 ? { ...fine, affectedRows: 0 } : fine)),
  });
  await run();
  expect(ends).toMatchObject(diverged ? [{ kind: 'diverged', seq: diverged }] : []);
  expect(applier.position).toBe(diverged ? 0 : entries.length);
});

test('while the leader may still break, a difference is no verdict yet', async () => {
  const { port, evidence, ends, applier, run } = applierOf(plain(1));
  evidence.begin(1, seq(0));
  port.batch = () => ({ kind: 'applied', results: [{ ...fine, affectedRows: 0 }] });
  await run();
  expect(ends).toEqual([]);
  expect(applier.position).toBe(0);
  evidence.distrust(1, seq(1));
  await run();
  expect(ends).toEqual([]);
  expect(applier.position).toBe(1);
});

test('an entry that its leader ran without locks, and that fails, has no effect', async () => {
  const { applier, port, evidence, ends, voids, run } = applierOf(plain(2));
  evidence.distrust(1, seq(2));
  port.batch = failingAt(2, 1062);
  await run();
  expect(port.calls.slice(-4)).toEqual(['batch 2', 'reset', 'batch empty', 'batch empty']);
  expect(voids).toEqual([2]);
  expect(ends).toEqual([]);
  expect(applier.position).toBe(2);
});

test('a node that is not where it should be is examined again, not called diverged', async () => {
  const { applier, port, ends, run } = applierOf(plain(1));
  port.batch = (batch) =>
    failure(
      batch.slots.findIndex(({ kind }) => kind === 'position'),
      1690,
    );
  await run();
  expect(ends).toMatchObject([{ kind: 'lost', reason: expect.stringMatching(/should be/) }]);
  expect(applier.position).toBe(0);
});

test('a lost connection ends it', async () => {
  const { port, ends, run } = applierOf(plain(1));
  port.batch = () => new Error('the connection is gone');
  await run();
  expect(ends).toEqual([{ kind: 'lost', reason: 'the connection is gone' }]);
});

test('stop waits for the batch under way, and begins no other', async () => {
  const { applier, port, run } = applierOf(plain(5));
  let stopped: Promise<void> | undefined;
  port.batch = () => {
    stopped = applier.stop();
    return {};
  };
  await run();
  await stopped;
  expect(port.calls).toEqual(['batch 1 2 3']);
  expect(applier.position).toBe(3);
});
