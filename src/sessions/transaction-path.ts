import { LockstepError } from '../base/errors.ts';
import { faultPoints } from '../base/fault-points.ts';
import { type NodeConnection, NodeConnectionLostError } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, okAnswer } from './answer.ts';
import { HeldReply } from './held-reply.ts';
import { LeaderRetry } from './leader-retry.ts';
import { LeaderLane } from './leader-lane.ts';
import type { NodeRequest } from './node-request.ts';
import { OpenTransaction } from './open-transaction.ts';
import { checkWrite } from './check-write.ts';
import { noteSeen, untilLeaderShows } from './read-consistency.ts';
import { exchange, type ReadOptions } from './read-path.ts';
import { notLogged } from './not-logged.ts';
import type { SessionCore } from './session-core.ts';
import { enterGate, execute, type Executed, selectsIds, takeOver } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

/** BEGIN and its like, or the first statement of a session with autocommit off. */
export async function openTransaction(core: SessionCore, begin: NodeRequest): Promise<Answer> {
  const { replicator, config } = core.context;
  const retry = new LeaderRetry(core);
  for (;;) {
    const leadership = await replicator.beginTerm(config.noNodeTimeoutMs);
    await untilLeaderShows(core, leadership);
    const node = core.node(leadership.name);
    const release = await enterGate(core, false);
    let handedOver = false;
    let connection: NodeConnection | undefined;
    try {
      if (!replicator.isCurrent(leadership)) continue;
      connection = core.pinned?.connection ?? (await core.takeConnection(node));
      const lane = new LeaderLane(connection);
      const reply = new HeldReply(config.limits.resultBufferBytes);
      await lane.begin(begin, reply, { state: core.state.carried, isolation: core.nextIsolation });
      if (faultPoints.armed) await faultPoints.reach('transaction.begun', node.name);
      const serializable = isSerializable(core);
      core.nextIsolation = undefined;
      if (reply.error) {
        await lane.rollback();
        if (connection !== core.pinned?.connection) node.pool.give(connection);
        return { kind: 'held', reply };
      }
      core.transaction = new OpenTransaction({
        leadership,
        node,
        lane,
        release,
        lastCommitted: replicator.lastCommitSent,
        serializable,
      });
      core.route = { node: node.name };
      handedOver = true;
      return { kind: 'held', reply };
    } catch (error) {
      // Whether it began is not known, so nobody else may have it.
      if (connection !== core.pinned?.connection) connection?.end();
      if (error instanceof NodeQueryError) throw error;
      core.checkPinned();
      await retry.pause(leadership, error);
    } finally {
      if (!handedOver) release();
    }
  }
}

function isSerializable(core: SessionCore): boolean {
  if (core.nextIsolation) return core.nextIsolation.endsWith('SERIALIZABLE');
  const { settings } = core.state.carried;
  const level = settings.get('transaction_isolation') ?? settings.get('tx_isolation');
  return level === "'SERIALIZABLE'";
}

/** A read inside the transaction sees its own changes, so it runs on its connection. */
export async function readInTransaction(
  core: SessionCore,
  transaction: OpenTransaction,
  request: NodeRequest,
  options: ReadOptions,
): Promise<Answer> {
  return guard(core, transaction, async () => {
    const attempt = await exchange(core, transaction.lane.connection, request, options);
    if (attempt.kind === 'lost_unseen') throw attempt.error;
    transaction.lastCommitted = core.context.replicator.lastCommitSent;
    noteSeen(core, transaction.node.name);
    const { answer } = attempt;
    if (answer.kind === 'streamed' && answer.failed) {
      // The client has its answer: of a connection that breaks now the next statement hears.
      await dropIfEnded(core, transaction).catch(ignoreLostConnection);
    } else if (answer.kind === 'held' && answer.reply.error) await dropIfEnded(core, transaction);
    return answer;
  });
}

export async function writeInTransaction(
  core: SessionCore,
  transaction: OpenTransaction,
  write: WriteRequest,
): Promise<Answer> {
  const facts = await checkWrite(core, write);
  return guard(core, transaction, async () => {
    let executed: Executed;
    const { lane, node } = transaction;
    const undoable = write.statement.kind === 'call' || selectsIds(write, facts);
    if (undoable) await queryRows(lane.connection, `SAVEPOINT ${beforeWrite}`);
    const undo = async (): Promise<void> => {
      if (!undoable || !core.transaction || lane.connection.lost) return;
      await queryRows(lane.connection, `ROLLBACK TO SAVEPOINT ${beforeWrite}`);
    };
    try {
      executed = await execute(core, write, facts, lane, node);
      if (faultPoints.armed) await faultPoints.reach('transaction.executed', node.name);
    } catch (error) {
      await afterFault(core, transaction, error);
      await undo();
      throw error;
    }
    transaction.lastCommitted = core.context.replicator.lastCommitSent;
    noteSeen(core, transaction.node.name);
    if (executed.kind === 'refused') {
      await dropIfEnded(core, transaction);
      // A procedure that failed half-way has done half its work.
      await undo();
    } else for (const one of executed.commands) transaction.record(one);
    takeOver(core, lane, executed);
    return { kind: 'held', reply: executed.reply };
  });
}

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
  await end(core, transaction);
}

/** SAVEPOINT, ROLLBACK TO and RELEASE: the server does it and the commands follow suit. */
export async function savepoint(
  core: SessionCore,
  transaction: OpenTransaction,
  statement: Statement,
  request: NodeRequest,
): Promise<Answer> {
  return guard(core, transaction, async () => {
    const options = { statement, leader: true, stream: false };
    const attempt = await exchange(core, transaction.lane.connection, request, options);
    if (attempt.kind === 'lost_unseen') throw attempt.error;
    const { answer } = attempt;
    if (answer.kind === 'held' && answer.reply.error) return answer;
    const name = statement.savepoint ?? '';
    if (statement.kind === 'savepoint') transaction.setSavepoint(name);
    else if (statement.kind === 'rollback_to_savepoint') transaction.rollbackTo(name);
    else transaction.releaseSavepoint(name);
    return answer;
  });
}

/** Commits what is open; does nothing when nothing is. */
export async function commitTransaction(core: SessionCore): Promise<Answer> {
  const { transaction } = core;
  if (!transaction) return okAnswer;
  const { replicator } = core.context;
  if (transaction.commands.length === 0) {
    // Nothing was changed, so losing it loses nothing.
    await end(core, transaction);
    return okAnswer;
  }
  try {
    const outcome = await replicator.commit(
      transaction.leadership,
      {
        kind: 'transaction',
        lastCommitted: transaction.lastCommitted,
        commands: transaction.commands,
      },
      transaction.lane,
    );
    switch (outcome.kind) {
      case 'committed':
        core.context.counters.node(transaction.node.name).writes++;
        core.horizon.wrote(outcome.seq);
        core.route = { node: transaction.node.name, seq: outcome.seq };
        return okAnswer;
      case 'aborted':
        throw transactionLost(outcome.reason);
      case 'not_logged':
        throw notLogged(outcome.error);
    }
  } finally {
    letGo(core, transaction);
  }
}

export async function rollbackTransaction(core: SessionCore): Promise<Answer> {
  if (core.transaction) await end(core, core.transaction);
  return okAnswer;
}

async function end(core: SessionCore, transaction: OpenTransaction): Promise<void> {
  try {
    await transaction.lane.rollback();
  } catch (error) {
    if (!(error instanceof NodeConnectionLostError)) throw error;
  } finally {
    letGo(core, transaction);
  }
}

function letGo(core: SessionCore, transaction: OpenTransaction): void {
  core.transaction = undefined;
  transaction.release();
  const { connection } = transaction.lane;
  if (connection !== core.pinned?.connection) transaction.node.pool.give(connection);
}

/** Some errors (a deadlock) end the transaction on the server: then it is over here too. */
async function dropIfEnded(core: SessionCore, transaction: OpenTransaction): Promise<void> {
  if (await transaction.lane.stillOpen()) return;
  // READ ONLY and an isolation level given for it alone stay on the connection until this.
  await transaction.lane.rollback();
  letGo(core, transaction);
}

function ignoreLostConnection(error: unknown): void {
  if (!(error instanceof NodeConnectionLostError)) throw error;
}

/** A statement of a transaction whose leader is gone gets the error that says: run it again. */
export async function guard<T>(
  core: SessionCore,
  transaction: OpenTransaction,
  run: () => Promise<T>,
): Promise<T> {
  if (!core.context.replicator.isCurrent(transaction.leadership)) {
    await end(core, transaction);
    throw transactionLost('the leader changed');
  }
  try {
    core.route = { node: transaction.node.name };
    return await run();
  } catch (error) {
    if (!(error instanceof NodeConnectionLostError)) throw error;
    letGo(core, transaction);
    throw transactionLost(error.message);
  }
}

const transactionLost = (reason: string): LockstepError =>
  new LockstepError(
    'transaction_lost',
    `the transaction was rolled back because its node was lost (${reason}); try restarting it`,
  );
