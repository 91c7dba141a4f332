import { LockstepError } from '../base/errors.ts';
import { commandPacket } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import type { Statement } from '../sql/statement.ts';
import { metNoEngine } from './meets-engine.ts';
import { plainRequest } from './node-request.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionCore } from './session-core.ts';
import { openTransaction, rollbackTransaction } from './transaction-path.ts';

const startTransaction = plainRequest(
  commandPacket(CommandByte.QUERY, Buffer.from('START TRANSACTION')),
);

/** With autocommit off, any statement that touches data begins a transaction. */
export async function ensureTransaction(core: SessionCore): Promise<void> {
  if (core.transaction) core.transaction.hidden = false;
  if (core.autocommit || core.transaction) return;
  const answer = await openTransaction(core, startTransaction);
  if (answer.kind === 'held' && answer.reply.error) {
    throw new LockstepError('internal', answer.reply.error.message);
  }
}

/** What a statement met when it began. */
interface Standing {
  readonly transaction: OpenTransaction | undefined;
  readonly hidden: boolean;
  readonly once: string | undefined;
}

export const standingOf = ({ transaction, nextIsolation }: SessionCore): Standing => ({
  transaction,
  hidden: transaction?.hidden ?? false,
  once: nextIsolation,
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
  const savepoint = ofSavepoints.has(kind);
  if (!savepoint && (errno === undefined || !metNoEngine(core, errno))) return;
  if (!began || errno === undefined) {
    transaction.hidden = true;
    return;
  }
  await rollbackTransaction(core);
  core.nextIsolation = before.once;
}

const saysSo: ReadonlySet<Statement['kind']> = new Set(['begin', 'commit', 'rollback']);
const ofSavepoints: ReadonlySet<Statement['kind']> = new Set([
  'savepoint',
  'rollback_to_savepoint',
  'release_savepoint',
]);
