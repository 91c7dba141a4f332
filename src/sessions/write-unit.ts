import { LockstepError } from '../base/errors.ts';
import type { Answer } from './answer.ts';
import { ensureTransaction } from './implicit-transaction.ts';
import { textRequest } from './node-request.ts';
import type { SessionCore } from './session-core.ts';
import {
  commitTransaction,
  openTransaction,
  rollbackTransaction,
  savepoint,
} from './transaction-path.ts';

/**
 * Runs several statements that the client sent as one: they take effect together, or not at all
 * when `run` answers with an error or throws. A leader that is lost before the log has them costs
 * the client nothing, as with a single statement.
 */
export function asUnit(core: SessionCore, run: () => Promise<Answer>): Promise<Answer> {
  return core.transaction || !core.autocommit ? withSavepoint(core, run) : asEntry(core, run);
}

/** A transaction of its own, which the client never sees. */
async function asEntry(core: SessionCore, run: () => Promise<Answer>): Promise<Answer> {
  const before = core.snapshot;
  for (;;) {
    try {
      const begun = await openTransaction(core, textRequest('START TRANSACTION'));
      if (failed(begun)) return begun;
      const answer = await run();
      if (failed(answer)) await rollbackTransaction(core);
      else await commitTransaction(core);
      return answer;
    } catch (error) {
      await rollbackTransaction(core);
      if (!(error instanceof LockstepError) || error.code !== 'transaction_lost') throw error;
      core.running.check();
      core.restore(before);
    }
  }
}

const name = 'lockstep_unit';

async function withSavepoint(core: SessionCore, run: () => Promise<Answer>): Promise<Answer> {
  await ensureTransaction(core);
  const { transaction } = core;
  // Some errors end the transaction, and the savepoint with it.
  const savepoints = async (sql: string): Promise<void> => {
    if (!transaction || core.transaction !== transaction) return;
    await savepoint(core, transaction, core.analyse(sql), textRequest(sql));
  };
  const undo = async (): Promise<void> => {
    await savepoints(`ROLLBACK TO SAVEPOINT ${name}`);
    await savepoints(`RELEASE SAVEPOINT ${name}`);
  };
  await savepoints(`SAVEPOINT ${name}`);
  let answer: Answer;
  try {
    answer = await run();
  } catch (error) {
    await undo();
    throw error;
  }
  await (failed(answer) ? undo() : savepoints(`RELEASE SAVEPOINT ${name}`));
  return answer;
}

const failed = (answer: Answer): boolean =>
  answer.kind === 'held' && answer.reply.error !== undefined;
