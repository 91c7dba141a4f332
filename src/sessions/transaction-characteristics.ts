import { NodeQueryError } from '../nodes/query-rows.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, errnoOf } from './answer.ts';
import { meetsEngine, metNoEngine } from './meets-engine.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** Of transactions, in the words of SET TRANSACTION. */
export interface Characteristics {
  readonly access?: 'READ ONLY' | 'READ WRITE' | undefined;
  /** Isolation level. */
  readonly level?: string | undefined;
}

/*
 * Servers keep them twice: for the session, as its variables, and for the transaction that is open
 * or comes next. Where the latter are not the session's, `SessionCore` has them.
 *
 *   SET TRANSACTION, START TRANSACTION READ …   the next one's
 *   SET SESSION TRANSACTION                     the session's; the next one's unless one is open
 *   COMMIT, ROLLBACK, implicit commits,
 *   a statement that was one by itself          the next one's are the session's again
 *   AND CHAIN, SET autocommit = 1,
 *   on MySQL BEGIN in a transaction             the next one's are as they were
 *
 * Source: `tx_isolation` and `tx_read_only` of THD in `sql/transaction.cc` and `sql/sys_vars.cc` of
 * both; seen on both.
 */

export const sessionCharacteristics = (core: SessionCore): Characteristics => ({
  access: sessionAccess(core),
  level: sessionLevel(core),
});

/** Those of the transaction that is open or comes next. */
export const presentCharacteristics = (core: SessionCore): Characteristics => ({
  access: core.characteristics.access ?? sessionAccess(core),
  level: core.characteristics.level ?? sessionLevel(core),
});

/** Nothing was asked of the transaction that is open or comes next. */
export const isAsSession = ({ access, level }: Characteristics): boolean =>
  access === undefined && level === undefined;

/** As SET TRANSACTION has it; '' where there is nothing to set. */
export const characteristicsText = ({ access, level }: Characteristics): string =>
  [access, level && `ISOLATION LEVEL ${level}`].filter(Boolean).join(', ');

/** Behind `before` the session's have changed: what is open keeps its own, what comes has them. */
export function keepIfOpen(
  core: SessionCore,
  changed: readonly (keyof Characteristics)[],
  before: Characteristics,
): void {
  const open = core.status.inTransaction;
  for (const one of changed) {
    const kept = { ...core.characteristics, [one]: open ? before[one] : undefined };
    core.characteristics = kept;
  }
}

/** START TRANSACTION READ ONLY and READ WRITE. */
export function characteristicsAfterBegin(core: SessionCore, begin: string): Characteristics {
  const given = /\bREAD\s+(ONLY|WRITE)\b/i.exec(begin)?.[1]?.toUpperCase();
  if (given === undefined) return core.characteristics;
  return { ...core.characteristics, access: given === 'ONLY' ? 'READ ONLY' : 'READ WRITE' };
}

function setting({ state }: SessionCore, what: string): string | undefined {
  const { settings } = state.carried;
  return (settings.get(`transaction_${what}`) ?? settings.get(`tx_${what}`))?.replaceAll("'", '');
}

function sessionLevel(core: SessionCore): string | undefined {
  const level = setting(core, 'isolation') ?? core.anyFacts()?.isolation.level;
  return level?.replaceAll('-', ' ');
}

/** SET SESSION TRANSACTION READ ONLY. */
const sessionAccess = (core: SessionCore): Characteristics['access'] =>
  /^(?:1|ON)$/.test(setting(core, 'read_only') ?? '') ? 'READ ONLY' : 'READ WRITE';

/** What runs now may write to no table but temporary ones. */
export const isReadOnlyNow = (core: SessionCore): boolean =>
  presentCharacteristics(core).access === 'READ ONLY';

/** Both servers have the variables; MariaDB before 11.1 knows only their older names. */
export const variablePrefix = (core: SessionCore): string =>
  core.anyFacts()?.isolation.variable.split('_')[0] ?? 'transaction';

/** As servers say it. */
export function inReadOnly({ lexMode }: SessionCore): NodeQueryError {
  const end = lexMode.flavor === 'mysql' ? '.' : '';
  const message = `Cannot execute statement in a READ ONLY transaction${end}`;
  return new NodeQueryError(1792, '25006', message);
}

/** Before a statement that commits what is open. */
export function beforeImplicitCommit(core: SessionCore, { kind }: Statement): void {
  core.savepoints.clear();
  const keeps = core.lexMode.flavor === 'mysql' || !core.status.inTransaction;
  if (kind !== 'begin' || !keeps) core.characteristics = {};
}

/**
 * Whether a statement was itself the transaction that SET TRANSACTION spoke of: one outside any
 * that met a table's engine.
 */
export function spendsCharacteristics(
  core: SessionCore,
  { statement, preparedIn }: Pick<WriteRequest, 'statement' | 'preparedIn'>,
  answer: Answer,
): boolean {
  if (core.transaction || !core.autocommit || !meetsEngine(core, statement)) return false;
  const errno = errnoOf(answer);
  return errno === undefined
    ? !statement.temporary
    : !metNoEngine(core, errno, preparedIn !== undefined);
}

const itsOwn: ReadonlySet<Statement['kind']> = new Set([
  'read',
  'write',
  'ddl',
  'load_data',
  'call',
]);

/**
 * Runs a statement that is itself the next transaction, or begins it, and may or may not write:
 * what the session says of its transactions is not asked.
 */
export async function inItsAccess<T>(
  core: SessionCore,
  { kind, implicitCommit, systemVariables }: Statement,
  run: () => Promise<T>,
): Promise<T> {
  const { access } = core.characteristics;
  const readOnly = sessionAccess(core) === 'READ ONLY';
  const asks =
    !core.transaction &&
    itsOwn.has(kind) &&
    !implicitCommit &&
    // It is to say what the session has.
    !systemVariables.some((name) => name.endsWith('_read_only'));
  if (!asks || access === undefined || (access === 'READ ONLY') === readOnly) return run();
  const name = `${variablePrefix(core)}_read_only`;
  core.state.setVariables([[name, readOnly ? '0' : '1']]);
  try {
    return await run();
  } finally {
    core.state.setVariables([[name, readOnly ? '1' : '0']]);
  }
}
