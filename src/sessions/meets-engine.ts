import type { Flavor } from '../nodes/server-facts.ts';
import type { Statement } from '../sql/statement.ts';
import { isTemporary } from './check-write.ts';
import { readingErrors } from './reading-errors.ts';
import type { SessionCore } from './session-core.ts';

const noEngine = /^(?:information_schema|performance_schema)$/i;
/** They read the dictionary, on MySQL as one reads tables. */
const readsDictionary = /^SHOW (?:TABLES|COLUMNS|FIELDS|INDEX|INDEXES|KEYS|FULL|DATABASES)$/;

/** What is a transaction of its own: it meets a table's engine (seen on both servers). */
export function meetsEngine(core: SessionCore, { kind, verb, tables }: Statement): boolean {
  if (core.lexMode.flavor === 'mysql' && readsDictionary.test(verb)) return true;
  if (kind === 'show_session' || verb.startsWith('SHOW')) return false;
  return tables.some(({ schema }) => !noEngine.test(schema ?? core.state.schema));
}

/** With autocommit off it begins one. Of MySQL's own tables most are views of the dictionary. */
export function begins(core: SessionCore, statement: Statement): boolean {
  // Of a temporary table it is; it has committed by then.
  if (statement.implicitCommit) return false;
  if (isTemporaryDefinition(statement)) return temporaryBegins(core, statement);
  if (meetsEngine(core, statement)) return true;
  const { tables, verb } = statement;
  return core.lexMode.flavor === 'mysql' && tables.length > 0 && !verb.startsWith('SHOW');
}

const isTemporaryDefinition = ({ kind, temporary, tables, writtenTables }: Statement): boolean =>
  kind === 'ddl' && temporary && tables.length === writtenTables.length;

/** Whether making or dropping a temporary table begins a transaction (seen on the servers). */
function temporaryBegins(core: SessionCore, { verb, tables }: Statement): boolean {
  const isThere = tables.some((table) => isTemporary(core, table));
  const creates = verb.startsWith('CREATE');
  // MariaDB opens a table that is there, and MySQL does anything else but that.
  return core.lexMode.flavor === 'mysql' ? !(creates && isThere) : creates && isThere;
}

/**
 * Errors of statements that met no table's engine before: the table is not there, what it names is
 * not, or none may be written to. MariaDB locks the tables before it looks at columns.
 */
const metNone: Readonly<Record<Flavor, ReadonlySet<number>>> = {
  mariadb: new Set([1044, 1051, 1060, 1109, 1142, 1146, 1792]),
  mysql: new Set([
    ...[1044, 1050, 1051, 1054, 1060, 1109, 1110, 1136, 1137, 1142, 1146, 1222, 1241, 1305, 1318],
    1792,
  ]),
};

/**
 * What a prepared statement does not get beyond when its tables have changed: MariaDB prepares it
 * again then, and looks at columns before it locks the tables (seen on 10.11).
 */
const unprepared: ReadonlySet<number> = new Set([1054, 1136]);

/** `prepared`: it is the execution of a prepared statement that has failed. */
export const metNoEngine = ({ lexMode }: SessionCore, errno: number, prepared = false): boolean =>
  metNone[lexMode.flavor].has(errno) ||
  readingErrors.has(errno) ||
  (prepared && unprepared.has(errno));
