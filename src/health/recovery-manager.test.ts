import { beforeEach, expect, test } from 'vitest';
import { type NodeName, nodeName } from '../base/brands.ts';
import {
  RecoveryManager,
  type RecoveryManagerOptions,
  type RecoveryOutcome,
} from './recovery-manager.ts';
import { settle, SimulatedClock } from './testing/simulated-clock.ts';

const a = nodeName('a');
const b = nodeName('b');
const failed: RecoveryOutcome = { kind: 'failed', reason: 'lost connection', retry: true };

interface Attempt {
  readonly node: NodeName;
  readonly signal: AbortSignal;
  readonly atMs: number;
  end(outcome: RecoveryOutcome | Error): Promise<void>;
}

let clock: SimulatedClock;
let attempts: Attempt[];
let outcomes: string[];
let manager: RecoveryManager;

function create(options: Partial<RecoveryManagerOptions> = {}): void {
  clock = new SimulatedClock();
  attempts = [];
  outcomes = [];
  manager = new RecoveryManager({
    clock,
    recover: (node, signal) =>
      new Promise((resolve, reject) => {
        const end = (outcome: RecoveryOutcome | Error) => {
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
          return settle();
        };
        attempts.push({ node, signal, atMs: clock.nowMs(), end });
      }),
    onOutcome: (node, outcome) => outcomes.push(`${node} ${outcome.kind}`),
    ...options,
  });
}

async function up(node: NodeName): Promise<Attempt> {
  manager.onNodeUp(node);
  await settle();
  return last();
}

function last(): Attempt {
  const attempt = attempts.at(-1);
  if (attempt === undefined) throw new Error('no recovery was attempted');
  return attempt;
}

beforeEach(() => create());

test('a node that comes up is recovered once', async () => {
  const attempt = await up(a);
  expect(manager.recovering).toEqual([a]);
  await attempt.end({ kind: 'in_sync' });
  await clock.advance(60_000);
  expect(attempts).toHaveLength(1);
  expect(outcomes).toEqual(['a in_sync']);
  expect(manager.recovering).toEqual([]);
});

test('told twice that a node is up, it recovers it once', async () => {
  await up(a);
  await up(a);
  expect(attempts).toHaveLength(1);
});

test('nodes recover side by side', async () => {
  await up(a);
  await up(b);
  expect(attempts.map(({ node }) => node)).toEqual([a, b]);
});

test('a node that goes down again has its recovery aborted, and not retried', async () => {
  const attempt = await up(a);
  manager.onNodeDown(a, 'refused');
  expect(attempt.signal.aborted).toBe(true);
  await attempt.end({ kind: 'aborted' });
  await clock.advance(60_000);
  expect(attempts).toHaveLength(1);
  expect(manager.recovering).toEqual([]);
});

test('down and up again: the next recovery begins when the aborted one has ended', async () => {
  const first = await up(a);
  manager.onNodeDown(a, 'refused');
  await up(a);
  expect(attempts).toHaveLength(1);
  await first.end({ kind: 'aborted' });
  expect(attempts).toHaveLength(2);
  expect(last().signal.aborted).toBe(false);
  await last().end({ kind: 'in_sync' });
  expect(manager.recovering).toEqual([]);
});

test('a recovery that ended in sync as the node went down and up is done again', async () => {
  const first = await up(a);
  manager.onNodeDown(a, 'refused');
  manager.onNodeUp(a);
  await first.end({ kind: 'in_sync' });
  expect(attempts).toHaveLength(2);
});

test('failures are retried with growing pauses while the node stays up', async () => {
  create({ retryDelayMs: 100, retryDelayMaxMs: 350 });
  await up(a);
  for (let i = 0; i < 5; i += 1) {
    await last().end(failed);
    await clock.advance(1000);
  }
  const starts = attempts.map(({ atMs }) => atMs);
  expect(starts).toEqual([0, 100, 1200, 2350, 3350, 4350]);
});

test('a rejection is a failure that is retried', async () => {
  const attempt = await up(a);
  await attempt.end(new Error('socket closed'));
  await clock.advance(500);
  expect(attempts).toHaveLength(2);
  expect(outcomes).toEqual(['a failed']);
});

test('a failure that retrying cannot mend is left to the operator', async () => {
  const attempt = await up(a);
  await attempt.end({ kind: 'failed', reason: 'foreign data', retry: false });
  await clock.advance(60_000);
  expect(attempts).toHaveLength(1);
  await up(a);
  expect(attempts).toHaveLength(2);
});

test('going down ends the pause before a retry, coming up again starts at once', async () => {
  await up(a);
  await last().end(failed);
  manager.onNodeDown(a, 'refused');
  await settle();
  expect(clock.pendingTimers).toBe(0);
  expect(manager.recovering).toEqual([]);
  await up(a);
  expect(attempts).toHaveLength(2);
});

test('an operator need not await the pause', async () => {
  await up(a);
  await last().end(failed);
  expect(attempts).toHaveLength(1);
  await up(a);
  expect(attempts).toHaveLength(2);
});

test('stop aborts everything, waits for it to end and starts nothing more', async () => {
  const attempt = await up(a);
  let stopped = false;
  const stopping = manager.stop().then(() => {
    stopped = true;
  });
  expect(attempt.signal.aborted).toBe(true);
  await settle();
  expect(stopped).toBe(false);
  await attempt.end({ kind: 'aborted' });
  await stopping;
  manager.onNodeUp(b);
  await settle();
  expect(attempts).toHaveLength(1);
});
