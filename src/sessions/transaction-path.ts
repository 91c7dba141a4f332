import { LockstepError } from '../base/errors.ts';
import { faultPoints } from '../base/fault-points.ts';
import { NodeConnectionLostError } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import type { Aborted } from '../replication/commit-outcome.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, okAnswer } from './answer.ts';
import { beginOnLeader } from './begin-transaction.ts';
import { changedBy } from './cache/written-tables.ts';
import { checkWrite, type WriteFacts } from './check-write.ts';
import { commitEntry } from './commit-entry.ts';
import { endTransaction, endUnlogged, letGo } from './end-transaction.ts';
import { selectsIds } from './generated-ids.ts';
import { type NodeRequest, textRequest } from './node-request.ts';
import { notLogged } from './not-logged.ts';
import { OpenTransaction } from './open-transaction.ts';
import { noteSeen } from './read-consistency.ts';
import { exchange, type ReadOptions } from './read-path.ts';
import type { SessionCore } from './session-core.ts';
import { warnOfKept } from './temporary-tables.ts';
import {
  characteristicsAfterBegin,
  characteristicsText,
  presentCharacteristics,
} from './transaction-characteristics.ts';
import { nodeLost, replayTransaction, takeStep, transactionLost } from './transaction-replay.ts';
import { Transcript } from './transcript.ts';
import { untilWritable } from './until-writable.ts';
import { keyedByUpsert } from './upserts.ts';
import { execute, type Executed, takeOver } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

/** BEGIN and its like, or (`begin` undefined) the first statement with autocommit off. */
export async function openTransaction(
  core: SessionCore,
  request: NodeRequest,
  begin?: WriteRequest,
): Promise<Answer> {
  const { replicator, config } = core.context;
  const characteristics = characteristicsText(core.characteristics);
  const beginning = { request, characteristics, session: core.snapshot };
  const begun = await beginOnLeader(core, beginning);
  const { reply } = begun;
  if (begun.kind === 'refused') return { kind: 'held', reply };
  if (begin) {
    core.characteristics = characteristicsAfterBegin(core, begin.sql);
    // Where it has a warning, of a snapshot that there cannot be.
    if (reply.end) core.diagnostics.note(reply.end, begun.place.lane.connection, { kind: 'kept' });
    core.diagnostics.read();
  }
  core.transaction = new OpenTransaction(begun.place, {
    lastCommitted: replicator.lastCommitSent,
    serializable: presentCharacteristics(core).level === 'SERIALIZABLE',
    transcript: config.transactionReplay
      ? new Transcript(beginning, config.limits.transactionReplayBytes)
      : undefined,
  });
  core.route = { node: begun.place.node.name };
  return { kind: 'held', reply };
}

/** A read inside the transaction sees its own changes, so it runs on its connection. */
export async function readInTransaction(
  core: SessionCore,
  transaction: OpenTransaction,
  request: NodeRequest,
  options: ReadOptions,
): Promise<Answer> {
  return takeStep(core, transaction, request, async (again) => {
    const attempt = await exchange(core, transaction.lane.connection, request, {
      ...options,
      stream: options.stream && !again,
      digest: transaction.transcript !== undefined,
    });
    if (attempt.kind === 'lost_unseen') throw attempt.error;
    transaction.lastCommitted = core.context.replicator.lastCommitSent;
    noteSeen(core, transaction.node.name);
    const { answer } = attempt;
    if (answer.kind === 'streamed' && answer.failed) {
      // The client has its answer: of a connection that breaks now the next statement hears.
      await dropIfEnded(core, transaction).catch(ignoreLostConnection);
    } else if (answer.kind === 'held' && answer.reply.error) await dropIfEnded(core, transaction);
    return { answer };
  });
}

export async function writeInTransaction(
  core: SessionCore,
  transaction: OpenTransaction,
  write: WriteRequest,
): Promise<Answer> {
  const facts = await checkWrite(core, write);
  return takeStep(core, transaction, write.request, async (again) => {
    let executed: Executed;
    const { lane, node } = transaction;
    const undoable = mustBeUndoable(write, facts);
    if (undoable) await queryRows(lane.connection, `SAVEPOINT ${beforeWrite}`);
    const undo = async (): Promise<void> => {
      if (!undoable || !core.transaction || lane.connection.lost) return;
      await queryRows(lane.connection, `ROLLBACK TO SAVEPOINT ${beforeWrite}`);
    };
    try {
      executed = await execute(core, write, facts, { lane, node, before: again?.pins });
      if (faultPoints.armed) await faultPoints.reach('transaction.executed', node.name);
    } catch (error) {
      transaction.writes(facts.written);
      await afterFault(core, transaction, error);
      await undo();
      throw error;
    }
    transaction.writes(keyedByUpsert(core, write, facts, executed.reply.ok));
    transaction.lastCommitted = core.context.replicator.lastCommitSent;
    noteSeen(core, transaction.node.name);
    if (executed.kind === 'refused') {
      await dropIfEnded(core, transaction);
      // A procedure that failed half-way has done half its work.
      await undo();
    } else {
      for (const one of executed.commands) transaction.record(one);
      transaction.presume(executed.premise);
    }
    takeOver(core, lane, executed);
    return {
      answer: { kind: 'held', reply: executed.reply },
      pins: executed.kind === 'done' ? executed.pins : undefined,
    };
  });
}

/** Whether it may have to be undone after it has succeeded, or in part. */
const mustBeUndoable = (write: WriteRequest, facts: WriteFacts): boolean =>
  write.statement.kind === 'call' || selectsIds(write, facts) || facts.aloneForIds;

const beforeWrite = 'lockstep_before_write';

/** A statement threw: did the transaction end, and may the statement have taken effect? */
async function afterFault(
  core: SessionCore,
  transaction: OpenTransaction,
  error: unknown,
): Promise<void> {
  if (error instanceof NodeConnectionLostError) return;
  // What was asked ahead of the statement may have met a deadlock.
  if (error instanceof NodeQueryError) return dropIfEnded(core, transaction);
  if (error instanceof LockstepError && error.code === 'unsafe_statement') return;
  // It may have run (its answer was too large to keep), and is not recorded: all must go.
  await endTransaction(core, transaction);
}

/** SAVEPOINT, ROLLBACK TO and RELEASE: the server does it and the commands follow suit. */
export async function savepoint(
  core: SessionCore,
  transaction: OpenTransaction,
  statement: Statement,
  request: NodeRequest,
): Promise<Answer> {
  return takeStep(core, transaction, request, async () => {
    const options = { statement, leader: true, stream: false };
    const attempt = await exchange(core, transaction.lane.connection, request, options);
    if (attempt.kind === 'lost_unseen') throw attempt.error;
    const { answer } = attempt;
    if (answer.kind === 'held' && answer.reply.error) return { answer };
    const name = statement.savepoint ?? '';
    if (statement.kind === 'savepoint') transaction.setSavepoint(name);
    else if (statement.kind === 'rollback_to_savepoint') transaction.rollbackTo(name);
    else transaction.releaseSavepoint(name);
    return { answer };
  });
}

/** Commits what is open; does nothing when nothing is. */
export async function commitTransaction(core: SessionCore): Promise<Answer> {
  const { transaction } = core;
  if (!transaction) return okAnswer;
  const { replicator } = core.context;
  if (transaction.commands.length === 0) {
    // Nothing was changed that others could see, so losing it loses nothing.
    await endUnlogged(core, transaction);
    return okAnswer;
  }
  for (let attempts = 0; ; ) {
    while (replicator.gate.writes.held) await untilCommittable(core, transaction);
    const draft = {
      kind: 'transaction',
      lastCommitted: transaction.lastCommitted,
      commands: transaction.commands,
      premise: transaction.premise,
      ...changedBy(transaction.written, core.context.catalogue),
    } as const;
    const outcome = await commitEntry(
      core,
      transaction.leadership,
      draft,
      transaction.lane,
    ).finally(() => letGo(core, transaction));
    switch (outcome.kind) {
      case 'committed':
        core.context.counters.node(transaction.node.name).writes++;
        core.horizon.wrote(outcome.seq);
        core.route = { node: transaction.node.name, seq: outcome.seq };
        return okAnswer;
      case 'aborted':
        attempts += 1;
        await replayTransaction(core, transaction, whyAgain(outcome, attempts));
        break;
      case 'not_logged':
        throw notLogged(outcome.error);
    }
  }
}

/** One that is overtaken again and again is for its client to run again. */
function whyAgain({ overtaken, reason }: Aborted, attempts: number): string {
  if (!overtaken) return nodeLost(reason);
  if (attempts > overtakenMax) throw transactionLost(reason);
  return reason;
}

const overtakenMax = 5;

/** Who may not wait any longer has lost the transaction, as on a server. */
async function untilCommittable(core: SessionCore, transaction: OpenTransaction): Promise<void> {
  try {
    await untilWritable(core);
  } catch (error) {
    await endTransaction(core, transaction);
    throw error;
  }
}

export async function rollbackTransaction(core: SessionCore): Promise<Answer> {
  if (core.transaction) await endTransaction(core, core.transaction);
  return okAnswer;
}

/** COMMIT and ROLLBACK, perhaps AND CHAIN. */
export async function endByStatement(
  core: SessionCore,
  { kind, chain }: Statement,
): Promise<Answer> {
  if (!chain) core.characteristics = {};
  const answer = kind === 'commit' ? await commitTransaction(core) : await rollbackTold(core);
  core.savepoints.clear();
  if (!chain) return answer;
  const begun = await openTransaction(core, textRequest('START TRANSACTION'));
  return answer === okAnswer ? begun : answer;
}

/** Tells what a server has to say of it. */
async function rollbackTold(core: SessionCore): Promise<Answer> {
  const { transaction } = core;
  if (!transaction?.definesTemporary) {
    const answer = warnOfKept(core, { kind: 'rollback' }, okAnswer);
    await rollbackTransaction(core);
    return answer;
  }
  const { connection } = transaction.lane;
  try {
    const request = textRequest('ROLLBACK');
    const options = { statement: undefined, leader: true, stream: false };
    const attempt = await exchange(core, connection, request, options);
    core.diagnostics.read();
    return attempt.kind === 'answered' ? attempt.answer : okAnswer;
  } finally {
    await endTransaction(core, transaction);
  }
}

/** Some errors (a deadlock) end the transaction on the server: then it is over here too. */
export async function dropIfEnded(core: SessionCore, transaction: OpenTransaction): Promise<void> {
  if (await transaction.lane.stillOpen()) return;
  // READ ONLY and an isolation level given for it alone stay on the connection until this.
  await transaction.lane.rollback();
  core.characteristics = {};
  letGo(core, transaction);
}

function ignoreLostConnection(error: unknown): void {
  if (!(error instanceof NodeConnectionLostError)) throw error;
}
