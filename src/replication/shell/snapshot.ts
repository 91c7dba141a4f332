import type { NodeName, Seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import { LockstepError } from '../../base/errors.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { queryRows } from '../../nodes/query-rows.ts';
import type { Replicator } from '../replicator.ts';
import type { Sequencer } from '../sequencer.ts';
import type { Release } from '../write-gate.ts';

export interface SnapshotContext {
  readonly replicator: Replicator;
  readonly sequencer: Sequencer;
  readonly clock: Clock;
}

export interface SnapshotRequest {
  /** Each gets a transaction that sees exactly the entries up to the seq returned. */
  readonly connections: ReadonlyMap<NodeName, readonly NodeConnection[]>;
  /** Nor may a transaction be open: for what is not transactional itself, such as sequences. */
  readonly alone: boolean;
  /** Fails when one of the nodes takes no part (any more), instead of taking it as it stands. */
  readonly membersOnly?: boolean;
  /** Called once, while all of them are at `seq` and no commit is let through. */
  readonly whileAtRest?: (seq: Seq) => void;
  readonly signal?: AbortSignal;
}

export interface Snapshot {
  readonly seq: Seq;
  /** How long commits had to wait, milliseconds. */
  readonly heldMs: number;
}

/** Commits wait no longer than this for one attempt. */
const holdMaxMs = 90;
const settleMaxMs = 60;
const attemptsMax = 100;
const pauseMs = 30;
const pauseMaxMs = 500;
const schemaWaitMs = 30_000;
const begin = 'START TRANSACTION WITH CONSISTENT SNAPSHOT';

/**
 * Takes snapshots of several nodes as of one place in the log. Commits are held for less than
 * 100 ms: until the nodes have applied what is in the log, and each connection has begun its
 * transaction. If that is not enough they go on, and it is tried again later. The caller holds
 * the schema and ends the transactions. Throws LockstepError('conflict') if it never succeeds.
 */
export async function takeSnapshots(
  context: SnapshotContext,
  request: SnapshotRequest,
): Promise<Snapshot> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    request.signal?.throwIfAborted();
    const snapshot = await attemptSnapshot(context, request);
    if (snapshot) return snapshot;
    await new Promise<void>((resolve) => {
      context.clock.after(Math.min(pauseMs * (attempt + 1), pauseMaxMs), resolve);
    });
  }
  throw new LockstepError('conflict', 'the nodes did not come to rest; try again under less load');
}

async function attemptSnapshot(
  context: SnapshotContext,
  { connections, alone, membersOnly, whileAtRest }: SnapshotRequest,
): Promise<Snapshot | undefined> {
  const { replicator, sequencer, clock } = context;
  const release = await enter(context, alone);
  if (!release) return undefined;
  const letCommitsGo = replicator.gate.commits.take();
  const startedMs = clock.nowMs();
  const letGo = (): void => {
    letCommitsGo();
    release();
  };
  // A server that does not answer must not hold anybody up.
  const timer = clock.after(holdMaxMs, letGo);
  try {
    const names = [...connections.keys()];
    while (!atRest(context, names)) {
      if (membersOnly) expectMembers(replicator, names);
      if (clock.nowMs() - startedMs > settleMaxMs) return undefined;
      await replicator.positionChanged(5);
    }
    const seq = sequencer.lastDurable;
    const all = [...connections.values()].flat();
    await Promise.all(all.map((connection) => queryRows(connection, begin)));
    if (membersOnly) expectMembers(replicator, names);
    const heldMs = clock.nowMs() - startedMs;
    if (heldMs < holdMaxMs && atRest(context, names)) {
      whileAtRest?.(seq);
      return { seq, heldMs: Math.round(heldMs) };
    }
    await Promise.all(all.map((connection) => queryRows(connection, 'ROLLBACK')));
    return undefined;
  } finally {
    timer.cancel();
    letGo();
  }
}

/** Behind a DDL statement under way; for `alone`, only if open transactions end at once. */
async function enter(
  { replicator }: SnapshotContext,
  alone: boolean,
): Promise<Release | undefined> {
  if (!alone) return replicator.gate.shared(schemaWaitMs);
  try {
    return await replicator.gate.exclusive(settleMaxMs);
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'ddl_wait_timeout') return undefined;
    throw error;
  }
}

function expectMembers(replicator: Replicator, names: readonly NodeName[]): void {
  const gone = names.find((name) => replicator.position(name) === undefined);
  if (gone === undefined) return;
  throw new LockstepError('conflict', `${gone} went out of rotation meanwhile`);
}

/** Every entry ever appended is durable, and committed on each of these nodes. */
export function atRest(
  { replicator, sequencer }: Pick<SnapshotContext, 'replicator' | 'sequencer'>,
  names: readonly NodeName[],
): boolean {
  const seq = sequencer.lastDurable;
  if (sequencer.lastAppended !== seq) return false;
  return names.every((name) => {
    const position = replicator.position(name);
    // A node that takes no part (yet) stands still by itself.
    return position === undefined || position === seq;
  });
}
