import { NodeQueryError } from '../nodes/query-rows.ts';
import type { Statement } from '../sql/statement.ts';
import type { Answer } from './answer.ts';
import { isTemporary } from './check-write.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * Those of the transaction that is about to begin, in the words of SET TRANSACTION: what
 * SET TRANSACTION gave it goes before what the session has. COMMIT AND CHAIN keeps them.
 */
export function characteristicsOf(core: SessionCore, begin: WriteRequest | undefined): string {
  const once = core.nextIsolation ?? '';
  const { settings } = core.state.carried;
  const setting = (what: string): string | undefined =>
    settings.get(`transaction_${what}`) ?? settings.get(`tx_${what}`);
  const readOnly = setting('read_only')?.replaceAll("'", '');
  const access =
    /\bREAD\s+(?:ONLY|WRITE)\b/i.exec(begin?.sql ?? '')?.[0].toUpperCase() ??
    /^READ (?:ONLY|WRITE)/.exec(once)?.[0] ??
    (readOnly === '1' || readOnly === 'ON' ? 'READ ONLY' : 'READ WRITE');
  const level =
    /ISOLATION LEVEL .*/.exec(once)?.[0] ??
    `ISOLATION LEVEL ${setting('isolation')?.replaceAll("'", '').replaceAll('-', ' ')}`;
  return level.endsWith('undefined') ? access : `${access}, ${level}`;
}

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

const noEngine = /^(?:information_schema|performance_schema)$/i;
/** They read the dictionary, on MySQL as one reads tables. */
const readsDictionary = /^SHOW (?:TABLES|COLUMNS|FIELDS|INDEX|INDEXES|KEYS|FULL|DATABASES)$/;

/**
 * Whether a statement was itself the transaction that SET TRANSACTION spoke of: one outside any
 * that met a table's engine (seen on both servers).
 */
export function spendsCharacteristics(core: SessionCore, statement: Statement, answer: Answer) {
  if (core.transaction || !core.autocommit || failed(answer)) return false;
  if (core.lexMode.flavor === 'mysql' && readsDictionary.test(statement.verb)) return true;
  if (statement.kind === 'show_session' || statement.verb.startsWith('SHOW')) return false;
  return statement.tables.some(
    (table) => !noEngine.test(table.schema ?? core.state.schema) && !isTemporary(core, table),
  );
}

const failed = (answer: Answer): boolean =>
  answer.kind === 'streamed' ? answer.failed : answer.kind === 'held' && !!answer.reply.error;
