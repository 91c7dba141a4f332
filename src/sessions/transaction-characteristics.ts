import { NodeQueryError } from '../nodes/query-rows.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, errnoOf } from './answer.ts';
import { meetsEngine, metNoEngine } from './meets-engine.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * Those of the transaction that is about to begin, in the words of SET TRANSACTION: what
 * SET TRANSACTION gave it goes before what the session has. COMMIT AND CHAIN keeps them.
 */
export function characteristicsOf(core: SessionCore, begin: WriteRequest | undefined): string {
  const once = core.nextIsolation ?? '';
  const access =
    /\bREAD\s+(?:ONLY|WRITE)\b/i.exec(begin?.sql ?? '')?.[0].toUpperCase() ??
    /^READ (?:ONLY|WRITE)/.exec(once)?.[0] ??
    (isReadOnlySession(core) ? 'READ ONLY' : 'READ WRITE');
  const level =
    /ISOLATION LEVEL .*/.exec(once)?.[0] ??
    `ISOLATION LEVEL ${setting(core, 'isolation')?.replaceAll('-', ' ')}`;
  return level.endsWith('undefined') ? access : `${access}, ${level}`;
}

function setting({ state }: SessionCore, what: string): string | undefined {
  const { settings } = state.carried;
  return (settings.get(`transaction_${what}`) ?? settings.get(`tx_${what}`))?.replaceAll("'", '');
}

/** SET SESSION TRANSACTION READ ONLY. */
export const isReadOnlySession = (core: SessionCore): boolean =>
  /^(?:1|ON)$/.test(setting(core, 'read_only') ?? '');

/** What runs now may write to no table but temporary ones. */
export const isReadOnlyNow = (core: SessionCore): boolean =>
  core.transaction?.characteristics.startsWith('READ ONLY') ?? isReadOnlySession(core);

/** Both servers have the variables; MariaDB before 11.1 knows only their older names. */
export const variablePrefix = (core: SessionCore): string =>
  core.anyFacts()?.isolation.variable.split('_')[0] ?? 'transaction';

/** The transaction that was open, or the next one that was asked for. */
export const chainedCharacteristics = ({ transaction, nextIsolation }: SessionCore) =>
  transaction?.characteristics ?? nextIsolation;

/** SET TRANSACTION READ ONLY, and what runs now would be that transaction. */
export const isReadOnlyOnce = ({ transaction, autocommit, nextIsolation }: SessionCore): boolean =>
  !transaction && autocommit && nextIsolation?.startsWith('READ ONLY') === true;

/** As servers say it. */
export function inReadOnly({ lexMode }: SessionCore): NodeQueryError {
  const end = lexMode.flavor === 'mysql' ? '.' : '';
  const message = `Cannot execute statement in a READ ONLY transaction${end}`;
  return new NodeQueryError(1792, '25006', message);
}

/**
 * Whether a statement was itself the transaction that SET TRANSACTION spoke of: one outside any
 * that met a table's engine.
 */
export function spendsCharacteristics(core: SessionCore, statement: Statement, answer: Answer) {
  if (core.transaction || !core.autocommit || !meetsEngine(core, statement)) return false;
  const errno = errnoOf(answer);
  return errno === undefined ? !statement.temporary : !metNoEngine(core, errno);
}

const itsOwn: ReadonlySet<Statement['kind']> = new Set(['read', 'write', 'ddl', 'load_data']);

/**
 * Runs a statement that is itself the transaction that SET TRANSACTION spoke of, and may or may not
 * write: what the session says of its transactions is not asked.
 */
export async function inItsAccess<T>(
  core: SessionCore,
  { kind, implicitCommit }: Statement,
  run: () => Promise<T>,
): Promise<T> {
  const access = /^READ (?:ONLY|WRITE)/.exec(core.nextIsolation ?? '')?.[0];
  const readOnly = isReadOnlySession(core);
  const asks = !core.transaction && core.autocommit && itsOwn.has(kind) && !implicitCommit;
  if (!asks || access === undefined || (access === 'READ ONLY') === readOnly) return run();
  const name = `${variablePrefix(core)}_read_only`;
  core.state.setVariables([[name, readOnly ? '0' : '1']]);
  try {
    return await run();
  } finally {
    core.state.setVariables([[name, readOnly ? '1' : '0']]);
  }
}
