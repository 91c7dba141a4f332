import { LockstepError } from '../base/errors.ts';
import { NodeConnectionLostError } from '../nodes/node-connection.ts';
import type { Answer } from './answer.ts';
import { beginOnLeader } from './begin-transaction.ts';
import { endTransaction, letGo } from './end-transaction.ts';
import { LeaderRetry } from './leader-retry.ts';
import type { NodeRequest } from './node-request.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionCore } from './session-core.ts';
import { digestOf, type RunStep, sameSession, type Step, type Transcript } from './transcript.ts';

/** Runs one statement of a transaction, as `guard` does, and remembers it for a replay. */
export async function takeStep(
  core: SessionCore,
  transaction: OpenTransaction,
  request: NodeRequest,
  run: RunStep,
): Promise<Answer> {
  const before = core.snapshot;
  const { answer, pins } = await guard(core, transaction, () => run());
  if (transaction.transcript && core.transaction === transaction) {
    const step = { run, before, after: core.snapshot, pins, digest: digestOf(answer) };
    transaction.transcript.add(step, request.bytes);
  }
  return answer;
}

/**
 * Runs something on a transaction's connection. If its leader is lost the transaction is replayed
 * on the next one, or the client gets the error that says: run it again.
 */
export async function guard<T>(
  core: SessionCore,
  transaction: OpenTransaction,
  run: () => Promise<T>,
): Promise<T> {
  const before = core.snapshot;
  for (;;) {
    let lost: string;
    if (core.context.replicator.isCurrent(transaction.leadership)) {
      try {
        core.route = { node: transaction.node.name };
        return await run();
      } catch (error) {
        if (!(error instanceof NodeConnectionLostError)) throw error;
        lost = error.message;
        letGo(core, transaction);
      }
    } else {
      lost = 'the leader changed';
      await endTransaction(core, transaction);
    }
    core.restore(before);
    await replayTransaction(core, transaction, nodeLost(lost));
  }
}

/**
 * Brings a transaction that was let go to the same point on the next leader: every statement
 * again, with the same clock, seeds and ids. Throws transaction_lost when that cannot be done, or
 * when its client would have been told anything else. `why` it was let go.
 */
export async function replayTransaction(
  core: SessionCore,
  transaction: OpenTransaction,
  why: string,
): Promise<void> {
  const { transcript } = transaction;
  if (!transcript) throw transactionLost(why);
  if (transcript.tooLarge) {
    throw transactionLost(`${why}; it is over limits.transaction_replay_bytes`);
  }
  if (core.pinned)
    throw transactionLost(`${why}; it is bound to the session's ${core.pinned.reason}`);
  core.context.counters.node(transaction.node.name).retries++;
  const present = core.snapshot;
  const retry = new LeaderRetry(core);
  try {
    for (;;) {
      const error = await replayOnce(core, transaction, transcript);
      if (!error) return;
      await retry.pause(transaction.leadership, error);
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw transactionLost(`${why}; it could not be replayed: ${message}`);
  } finally {
    core.restore(present);
  }
}

/** Returns the error with which this leader was lost, too. */
async function replayOnce(
  core: SessionCore,
  transaction: OpenTransaction,
  transcript: Transcript,
): Promise<Error | undefined> {
  core.restore(transcript.beginning.session);
  const begun = await beginOnLeader(core, transcript.beginning);
  if (begun.kind === 'refused') throw new Error(begun.reply.error?.message);
  transaction.moveTo(begun.place);
  core.transaction = transaction;
  try {
    for (const step of transcript.steps) await repeat(core, transaction, step);
    return undefined;
  } catch (error) {
    // Pins that were not used up would be met by whoever has the connection next.
    transaction.lane.connection.end();
    if (core.transaction === transaction) letGo(core, transaction);
    if (error instanceof NodeConnectionLostError) return error;
    throw error;
  }
}

async function repeat(core: SessionCore, transaction: OpenTransaction, step: Step): Promise<void> {
  core.restore(step.before);
  const { answer } = await step.run({ pins: step.pins });
  if (core.transaction !== transaction) throw new Error('the next leader ended it');
  if (digestOf(answer) === step.digest && sameSession(core.snapshot, step.after)) return;
  throw new Error('it would give another answer than the client has');
}

export const nodeLost = (detail: string): string => `its node was lost (${detail})`;

export const transactionLost = (why: string): LockstepError =>
  new LockstepError(
    'transaction_lost',
    `the transaction was rolled back because ${why}; try restarting it`,
  );
