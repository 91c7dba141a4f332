import type { Flavor } from '../nodes/server-facts.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, errnoOf } from './answer.ts';
import { isTemporary } from './check-write.ts';
import type { SessionCore } from './session-core.ts';
import { lowerName } from '../sql/lower-name.ts';

/** Temporary tables live on the session's own connection: what changes only them is not logged. */
export function onlyTemporary(core: SessionCore, statement: Statement): boolean {
  if (core.temporaryTables.size === 0 || statement.writtenTables.length === 0) return false;
  return statement.writtenTables.every((table) => isTemporary(core, table));
}

/** What the session's own connection has answered to a definition of them. */
export function noteTemporaryTables(core: SessionCore, statement: Statement, answer: Answer): void {
  const errno = errnoOf(answer);
  if (keepsBeyondRollback(core, statement, errno)) core.savepoints.tablesKept = true;
  if (errno !== undefined) return;
  if (statement.writtenTables.length > 0) core.tracker?.changed();
  if (core.transaction && statement.kind === 'ddl') core.transaction.definesTemporary = true;
  for (const { schema, name } of statement.writtenTables) {
    const key = lowerName(`${schema ?? core.state.schema}.${name}`);
    if (statement.verb.startsWith('DROP')) core.temporaryTables.delete(key);
    else core.temporaryTables.add(key);
  }
}

/** ER_BAD_TABLE_ERROR: MariaDB has noted by then that it drops temporary tables. */
const noSuchTable = 1051;

/** Without autocommit, but before a transaction has begun, where a node notes it by itself. */
function keepsBeyondRollback(
  core: SessionCore,
  { temporary, verb }: Statement,
  errno: number | undefined,
): boolean {
  if (core.autocommit || core.transaction) return false;
  const defines = temporary && /^(?:CREATE|DROP) TABLE$/.test(verb);
  return defines && (errno === undefined || errno === noSuchTable);
}

const warnings = {
  mariadb: { code: 1196, message: "Some non-transactional changed tables couldn't be rolled back" },
  mysql: {
    code: 1751,
    message: 'The creation of some temporary tables could not be rolled back.',
  },
} as const satisfies Record<Flavor, object>;

/** The answer to ROLLBACK and its like, with what there is to say of what it has not undone. */
export function warnOfKept(
  core: SessionCore,
  { kind }: Pick<Statement, 'kind'>,
  answer: Answer,
): Answer {
  const { flavor } = core.lexMode;
  // MariaDB says it of ROLLBACK TO only.
  const asked = kind === 'rollback_to_savepoint' || (kind === 'rollback' && flavor === 'mysql');
  if (!core.savepoints.tablesKept || !asked || errnoOf(answer) !== undefined) return answer;
  const { diagnostics } = core;
  diagnostics.drop();
  diagnostics.raise({ level: 'Warning', ...warnings[flavor] });
  if (answer.kind !== 'held') return { kind: 'ok', ok: { warnings: 1 } };
  answer.reply.amend({ warnings: 1 });
  return answer;
}
