import { LockstepError } from '../base/errors.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { parseLockTables, type TableLock } from '../sql/lock-tables.ts';
import type { Statement, TableName } from '../sql/statement.ts';
import { type Answer, okAnswer } from './answer.ts';
import { isTemporary } from './check-write.ts';
import type { SessionCore } from './session-core.ts';
import { type HeldTableLock, type LockedTables, nameKey } from './table-locks.ts';
import { inReadOnly, isReadOnlyNow } from './transaction-characteristics.ts';
import { commitTransaction } from './transaction-path.ts';
import { isUnwritable } from './unwritable.ts';
import { untilWritable } from './until-writable.ts';
import { withConnection } from './with-connection.ts';
import { lowerName } from '../sql/lower-name.ts';

/** A node answers at once: nobody writes to what it is asked to lock. */
const checkMsMax = 10_000;

const keyOf = (core: SessionCore, { schema, name }: TableName): string =>
  lowerName(`${schema ?? core.state.schema}.${name}`);

/** LOCK TABLES: commits, lets go of the locks before, and keeps others from writing. */
export async function lockTables(core: SessionCore, sql: string): Promise<void> {
  await commitAndRelease(core);
  const locks = parseLockTables(sql, core.lexMode);
  const { replicator, config } = core.context;
  const names: LockedTables = new Map(
    (locks ?? []).map(({ table, alias, write }) => [
      nameKey(keyOf(core, table), alias),
      write ? 'write' : 'read',
    ]),
  );
  const tables = tablesOf(core, locks ?? []);
  const writes = locks?.some(({ write, table }) => write && !isTemporary(core, table)) ?? false;
  // A server refuses first what can be locked by nobody; here a node says so.
  const all = locks?.every(({ table }) => !isUnwritable(core, table)) ?? false;
  if (writes && all && isReadOnlyNow(core)) throw inReadOnly(core);
  if (locks?.some(({ write }) => write)) await untilWritable(core);
  const release = await core.sessions.tableLocks.lock(
    replicator.gate,
    tables,
    config.ddlWaitTimeoutMs,
  );
  // It reads what was committed before, on whichever node.
  core.horizon.told(replicator.lastCommitSent);
  try {
    // Whoever reads elsewhere heeds no locks; by now nobody new does.
    const resume = await core.context.lender?.hold();
    resume?.();
    core.running.check();
    // Whether the tables are there, and the account may lock them, a server says.
    const text = locks ? `LOCK TABLES ${locks.map((lock) => `${lock.text} READ`).join(',')}` : sql;
    await withConnection(core, async (connection) => {
      await queryRows(connection, text, { latin1: true, timeoutMs: checkMsMax });
      await queryRows(connection, 'UNLOCK TABLES');
    });
    if (!locks) throw new LockstepError('unsupported', 'this form of LOCK TABLES is not supported');
  } catch (error) {
    release();
    throw error;
  }
  core.tableLock = { release, tables, names };
}

/** Others may see what is written to it. */
const isLasting = (core: SessionCore, table: TableName): boolean =>
  !isTemporary(core, table) && !isUnwritable(core, table);

/** A table that is locked under several names is held by the strongest. */
function tablesOf(core: SessionCore, locks: readonly TableLock[]): LockedTables {
  const tables = new Map<string, 'read' | 'write'>();
  for (const { table, write } of locks) {
    const key = keyOf(core, table);
    if (write || !tables.has(key)) tables.set(key, write ? 'write' : 'read');
  }
  return tables;
}

/** UNLOCK TABLES: commits what was done under locks of tables, not what was under a global one. */
export async function unlockTables(core: SessionCore): Promise<Answer> {
  try {
    if (core.tableLock) {
      core.characteristics = {};
      await commitAndRelease(core);
    }
  } finally {
    core.globalReadLock?.();
    core.globalReadLock = undefined;
  }
  return okAnswer;
}

/** Whatever becomes of the transaction, the locks are gone: as on a server. */
export async function commitAndRelease(core: SessionCore): Promise<void> {
  try {
    await commitTransaction(core);
  } finally {
    core.tableLock?.release();
    core.tableLock = undefined;
  }
}

/** SHOW and its like look at definitions only; EXPLAIN opens what it would read. */
const readsRows = /^(?:SELECT|TABLE|WITH|DO|EXPLAIN|ANALYZE|\(|)$/;
/** Whose table must be among the locked ones all the same: SHOW CREATE TABLE. */
const opensShown = /^SHOW CREATE$/;
const always = /^(?:information_schema|performance_schema|mysql|sys)$/i;

/** Some session holds locks that a statement of this one must heed. */
export const meetsLocks = ({ tableLock, sessions, context }: SessionCore): boolean =>
  tableLock !== undefined ||
  !sessions.tableLocks.allReadable ||
  context.replicator.gate.writes.held;

/**
 * What a statement meets of locks: those of its own session limit it to what they name; behind
 * those of others it waits. Under a global read lock all read the same.
 */
export async function heedLocks(core: SessionCore, statement: Statement): Promise<void> {
  const { tableLocks } = core.sessions;
  const { config, replicator } = core.context;
  if (replicator.gate.writes.held) core.horizon.told(replicator.lastCommitSent);
  if (core.tableLock) return refuseUnlocked(core, core.tableLock, statement);
  if (tableLocks.allReadable || statement.kind !== 'read') return;
  if (!readsRows.test(statement.verb)) return;
  const names = statement.tables
    .filter((table) => !isTemporary(core, table))
    .map((table) => keyOf(core, table));
  if (!tableLocks.written(names)) return;
  if (!(await tableLocks.readable(names, config.ddlWaitTimeoutMs))) {
    const message = 'Lock wait timeout exceeded; try restarting transaction';
    throw new NodeQueryError(1205, 'HY000', message);
  }
  // A node that is behind may show what the lock was to hide.
  core.horizon.told(replicator.lastCommitSent);
}

/** PREPARE opens the tables that it names, so that all of them must be locked. */
export function heedLocksPrepared(core: SessionCore, statement: Statement): void {
  const { kind, verb } = statement;
  // What these name they do not open yet (seen on both servers).
  if (!core.tableLock || kind === 'call' || (kind === 'ddl' && verb !== 'CREATE TABLE')) return;
  refuseUnlocked(core, core.tableLock, statement, 'prepared');
}

const limited: ReadonlySet<Statement['kind']> = new Set([
  'read',
  'write',
  'load_data',
  'ddl',
  'set',
]);

function refuseUnlocked(
  core: SessionCore,
  locked: HeldTableLock,
  statement: Statement,
  purpose: 'run' | 'prepared' = 'run',
): void {
  const { kind, verb, temporary } = statement;
  if (!limited.has(kind) || (kind === 'ddl' && temporary)) return;
  const shown = opensShown.test(verb) && (purpose === 'run' || core.lexMode.flavor === 'mariadb');
  if (kind === 'read' && !shown && !readsRows.test(verb)) return;
  const { writtenTables } = statement;
  const writes = kind !== 'ddl' && writtenTables.some((table) => isLasting(core, table));
  if (writes && isReadOnlyNow(core)) throw inReadOnly(core);
  const used = new Set<string>();
  for (const { table, alias, written } of statement.references) {
    // No schema was chosen: a node says so.
    if (table.schema === undefined && core.state.schema === '') return;
    if (always.test(table.schema ?? core.state.schema) || isTemporary(core, table)) continue;
    const key = keyOf(core, table);
    const name = alias === '' ? table.name : alias;
    const lock = nameKey(key, name);
    // Definitions name tables, all else the locks, and each of these once.
    const held = kind === 'ddl' ? locked.tables.get(key) : locked.names.get(lock);
    if (held === undefined || (kind !== 'ddl' && used.has(lock))) {
      const message = `Table '${name}' was not locked with LOCK TABLES`;
      throw new NodeQueryError(1100, 'HY000', message);
    }
    used.add(lock);
    if (held === 'read' && written && purpose === 'run') {
      const message = `Table '${name}' was locked with a READ lock and can't be updated`;
      throw new NodeQueryError(1099, 'HY000', message);
    }
  }
}
