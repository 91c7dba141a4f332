import { beforeId, type GivenId, idBehind, idOfOnlyRow } from '../sql/given-ids.ts';
import { isPlainWrite } from '../sql/plain-write.ts';
import type { Statement } from '../sql/statement.ts';
import type { WriteFacts } from './check-write.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** What was found out about a plain write, whatever literals it has. */
export interface KnownWrite {
  readonly facts: WriteFacts;
  /** Which value of its only row is for the AUTO_INCREMENT column; undefined: none. */
  readonly idAt: number | undefined;
  /** The text up to that value, where each of these statements begins so. */
  readonly beforeId: string | undefined;
  readonly schema: string;
  /** Of the catalogue. */
  readonly version: number;
}

const known = new WeakMap<Statement, KnownWrite>();

/** What holds in the session's schema as long as no definition changes. */
export function knownWrite(core: SessionCore, statement: Statement): KnownWrite | undefined {
  const found = known.get(statement);
  if (!found || found.version !== core.context.catalogue.version) return undefined;
  return found.schema === core.state.schema ? found : undefined;
}

/**
 * Keeps what was found out if the next one with other literals may do without. `version`: of the
 * catalogue before it was asked.
 */
export function rememberWrite(
  core: SessionCore,
  { statement, sql }: WriteRequest,
  facts: WriteFacts,
  version: number,
): void {
  if (version !== core.context.catalogue.version || !isPlainWrite(statement)) return;
  const { effects } = facts;
  const [target, other] = effects.targets;
  const simple =
    facts.way === 'as_is' &&
    !facts.alone &&
    !facts.aloneForIds &&
    facts.reconcile.length === 0 &&
    !facts.upserted &&
    !effects.runsProgram &&
    effects.unsafeViews.length === 0 &&
    target?.exists === true &&
    !target.view &&
    !other;
  if (!simple) return;
  const idAt = indexOfId(statement, target.autoIncrement);
  const inserts = statement.verb === 'INSERT' || statement.verb === 'REPLACE';
  const generates = inserts && target.autoIncrement !== undefined;
  // Only one row that has an id of its own, or else none has: there is nothing to ask for then.
  if (generates && !generatesByItself(statement, idAt)) return;
  const { schema } = core.state;
  known.set(statement, {
    facts: { ...facts, askInsertId: false, tellsInsertId: generates },
    idAt,
    beforeId: idAt === undefined ? undefined : beforeId(sql, core.lexMode, idAt),
    schema,
    version,
  });
}

/** Whether each row that is inserted has the id that it was given, or one of the server's. */
function generatesByItself(
  { verb, onDuplicateKey, ignore, insertColumns, insertRows }: Statement,
  idAt: number | undefined,
): boolean {
  if (verb !== 'INSERT' || onDuplicateKey || ignore || !insertColumns) return false;
  return insertRows !== null && (idAt === undefined || insertRows === 1);
}

const indexOfId = (
  { insertColumns }: Statement,
  autoIncrement: string | undefined,
): number | undefined => {
  const at = (insertColumns ?? []).findIndex((name) => name.toLowerCase() === autoIncrement);
  return at < 0 ? undefined : at;
};

/** Whether the one with this text generates an id; undefined where only running it would tell. */
export function generatesId(
  core: SessionCore,
  { facts, idAt, beforeId: before }: KnownWrite,
  sql: string,
): boolean | undefined {
  if (!facts.tellsInsertId || idAt === undefined) return facts.tellsInsertId;
  const given: GivenId =
    before !== undefined && sql.startsWith(before)
      ? idBehind(sql, before)
      : idOfOnlyRow(sql, core.lexMode, idAt);
  if (given === 'zero') return generatesForZero(core) ? true : undefined;
  return given === 'unknown' ? undefined : given === 'generated';
}

function generatesForZero(core: SessionCore): boolean {
  const own = core.state.carried.settings.get('sql_mode');
  const mode = own ?? core.anyFacts()?.defaults.get('sql_mode');
  return mode !== undefined && !mode.includes('NO_AUTO_VALUE_ON_ZERO');
}
