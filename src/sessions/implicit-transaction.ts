import { LockstepError } from '../base/errors.ts';
import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { Statement } from '../sql/statement.ts';
import { metNoEngine } from './meets-engine.ts';
import { textRequest } from './node-request.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionCore } from './session-core.ts';
import { openTransaction, rollbackTransaction, savepoint } from './transaction-path.ts';
import type { WriteRequest } from './write-request.ts';

const startTransaction = textRequest('START TRANSACTION');

/** With autocommit off, any statement that touches data begins a transaction. */
export async function ensureTransaction(core: SessionCore): Promise<void> {
  if (core.autocommit || core.transaction) return;
  const { names } = core.savepoints;
  const answer = await openTransaction(core, startTransaction);
  if (answer.kind === 'held' && answer.reply.error) {
    throw new LockstepError('internal', answer.reply.error.message);
  }
  const { transaction } = core;
  if (!transaction) return;
  for (const name of names) {
    const sql = `SAVEPOINT ${inCharset(quoteIdentifier(name), core.lexMode.charset)}`;
    await savepoint(core, transaction, core.analyse(sql), textRequest(sql));
  }
}

/**
 * After a statement, perhaps in a transaction that it began without saying so: where it met no
 * engine, a server's has not begun.
 */
export async function settleImplicit(
  core: SessionCore,
  { statement: { kind }, preparedIn }: Pick<WriteRequest, 'statement' | 'preparedIn'>,
  before: OpenTransaction | undefined,
  errno: number | undefined,
): Promise<void> {
  const { transaction } = core;
  if (!transaction || transaction === before || core.autocommit || saysSo.has(kind)) return;
  const prepared = preparedIn !== undefined || kind === 'execute';
  if (errno === undefined || !metNoEngine(core, errno, prepared)) return;
  // What it raised goes with the transaction on the node.
  core.diagnostics.read();
  const { tablesKept } = core.savepoints;
  await rollbackTransaction(core);
  core.savepoints.keep(transaction.savepoints);
  core.savepoints.tablesKept = tablesKept;
}

const saysSo: ReadonlySet<Statement['kind']> = new Set(['begin', 'commit', 'rollback']);
