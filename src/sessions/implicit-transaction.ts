import { LockstepError } from '../base/errors.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { Statement } from '../sql/statement.ts';
import { metNoEngine } from './meets-engine.ts';
import { textRequest } from './node-request.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionCore } from './session-core.ts';
import { openTransaction, rollbackTransaction, savepoint } from './transaction-path.ts';

const startTransaction = textRequest('START TRANSACTION');

/** With autocommit off, any statement that touches data begins a transaction. */
export async function ensureTransaction(core: SessionCore): Promise<void> {
  if (core.transaction) core.transaction.hidden = false;
  if (core.autocommit || core.transaction) return;
  const answer = await openTransaction(core, startTransaction);
  if (answer.kind === 'held' && answer.reply.error) {
    throw new LockstepError('internal', answer.reply.error.message);
  }
}

/**
 * What the next transaction is to be like has changed: one that has met no table yet begins anew,
 * with the savepoints that it has.
 */
export async function beginAnew(core: SessionCore): Promise<void> {
  const { transaction } = core;
  if (!transaction?.hidden) return;
  await rollbackTransaction(core);
  await ensureTransaction(core);
  const again = core.transaction;
  if (!again) return;
  for (const name of transaction.savepoints) {
    const sql = `SAVEPOINT ${quoteIdentifier(name)}`;
    await savepoint(core, again, core.analyse(sql), textRequest(sql));
  }
  again.hidden = true;
}

/** What a statement met when it began. */
interface Standing {
  readonly transaction: OpenTransaction | undefined;
  readonly hidden: boolean;
}

export const standingOf = ({ transaction }: SessionCore): Standing => ({
  transaction,
  hidden: transaction?.hidden ?? false,
});

/**
 * After a statement, perhaps in a transaction that it began without saying so: where it met no
 * engine, a server's has not begun. Of one that holds a savepoint the client is not told yet.
 */
export async function settleImplicit(
  core: SessionCore,
  { kind }: Statement,
  before: Standing,
  errno: number | undefined,
): Promise<void> {
  const { transaction } = core;
  if (!transaction || core.autocommit || saysSo.has(kind)) return;
  const began = transaction !== before.transaction;
  if (!began && !before.hidden) return;
  if (!ofSavepoints.has(kind) && (errno === undefined || !metNoEngine(core, errno))) return;
  if (!began || errno === undefined) {
    transaction.hidden = true;
    return;
  }
  // The rollback makes void on the connection what the client may still ask for.
  core.diagnostics.read();
  await rollbackTransaction(core);
}

const saysSo: ReadonlySet<Statement['kind']> = new Set(['begin', 'commit', 'rollback']);
const ofSavepoints: ReadonlySet<Statement['kind']> = new Set([
  'savepoint',
  'rollback_to_savepoint',
  'release_savepoint',
]);
