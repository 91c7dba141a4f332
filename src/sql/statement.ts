import type { Unsafe } from './determinism.ts';

/**
 * - `write`: DML, and everything that is not understood.
 * - `ddl`: commits implicitly or acts on the whole server: CREATE, ALTER, DROP, RENAME, TRUNCATE,
 *   GRANT, ANALYZE/OPTIMIZE/REPAIR TABLE, SET GLOBAL/PERSIST/PASSWORD, FLUSH, INSTALL, SHUTDOWN …
 * - `show_session`: what the connection remembers of the statement before (SHOW WARNINGS …).
 * - `flush_lock`: FLUSH TABLES WITH READ LOCK / FOR EXPORT, FLUSH LOCAL TABLES, LOCK and UNLOCK
 *   INSTANCE, BACKUP STAGE/LOCK.
 */
export type StatementKind =
  | 'read'
  | 'write'
  | 'ddl'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'rollback_to_savepoint'
  | 'release_savepoint'
  | 'set'
  | 'use'
  | 'call'
  | 'lock_tables'
  | 'unlock_tables'
  | 'show_session'
  | 'prepare'
  | 'execute'
  | 'deallocate'
  | 'load_data'
  | 'xa'
  | 'handler'
  | 'kill'
  | 'flush_lock'
  | 'replication_admin'
  | 'empty';

export interface TableName {
  readonly schema?: string;
  readonly name: string;
}

/** A place where a statement names a table, in the order of its text. */
export interface TableReference {
  readonly table: TableName;
  /** '' for none. */
  readonly alias: string;
  readonly written: boolean;
}

/** What can be told of one statement from its text alone. Offsets are byte offsets into that text. */
export interface Statement {
  readonly kind: StatementKind;
  /** INSERT, UPDATE, CREATE TABLE, START TRANSACTION …; `EXPLAIN` for an explained statement. */
  readonly verb: string;
  /** False where the text could not be followed; the kind is then `write`. */
  readonly understood: boolean;
  /** It ends the open transaction of the session whatever it does (the servers' implicit commit). */
  readonly implicitCommit: boolean;

  readonly references: readonly TableReference[];
  /** Every table and view that is named, each once; names that WITH defines are left out. */
  readonly tables: readonly TableName[];
  /** Those that may be changed, created or dropped: rather one too many than one too few. */
  readonly writtenTables: readonly TableName[];
  /** What CALL calls, or CREATE/ALTER/DROP of a routine, trigger or event names. */
  readonly routine?: TableName;
  /** USE x; CREATE/ALTER/DROP DATABASE x. */
  readonly schema?: string;
  /** The name in SAVEPOINT, ROLLBACK TO, RELEASE SAVEPOINT. */
  readonly savepoint?: string;

  /** Called functions in upper case, also those without parentheses (CURRENT_USER). */
  readonly functions: ReadonlySet<string>;
  /** Calls something that is no built-in function of the server: it may do anything. */
  readonly hasUnknownFunction: boolean;
  readonly userVariablesRead: readonly string[];
  readonly userVariablesAssigned: readonly string[];
  /** `sql_mode` for @@sql_mode and @@session.sql_mode, `global.x` for @@global.x. */
  readonly systemVariables: readonly string[];
  readonly usesLastInsertId: boolean;
  readonly usesRand: boolean;
  readonly usesTimestamp: boolean;
  readonly usesFoundRows: boolean;
  readonly usesUserLock: boolean;
  /** NEXTVAL, SETVAL, NEXT VALUE FOR (MariaDB); such a SELECT is a `write`. */
  readonly usesSequence: boolean;

  /** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE. */
  readonly locking: boolean;
  /** A SELECT … INTO OUTFILE or DUMPFILE stays a `read`: it writes a file of its node, no data. */
  readonly into: 'none' | 'outfile' | 'dumpfile' | 'variables';
  /** A LIMIT (or FETCH FIRST) of the statement itself, not of a subquery. */
  readonly limit: boolean;
  /** The columns of the statement's own ORDER BY where all are plain names, else null. */
  readonly orderBy: readonly string[] | null;
  /** INSERT or REPLACE from SELECT, TABLE or a parenthesised query; CREATE TABLE … SELECT too. */
  readonly insertSelect: boolean;
  readonly insertColumns: readonly string[] | null;
  /** Rows of INSERT … VALUES, 1 for INSERT … SET, null where only the server can count them. */
  readonly insertRows: number | null;
  readonly onDuplicateKey: boolean;
  readonly ignore: boolean;
  readonly returning: boolean;
  /** The result depends on the order in which rows are met: UPDATE IGNORE, REPLACE … SELECT … */
  readonly rowOrderSensitive: boolean;
  readonly temporary: boolean;
  readonly calcFoundRows: boolean;
  /** LOAD DATA LOCAL. */
  readonly local: boolean;

  readonly parameterCount: number;
  readonly parameterOffsets: readonly number[];

  readonly chain: boolean;
  readonly release: boolean;
  readonly readOnly: boolean;
  readonly consistentSnapshot: boolean;

  /** The text without its literals, by which statements of one form are counted together. */
  readonly normalised: string;

  /**
   * A read that gives the same again as long as what it names is as it is, in the same session
   * state; functions that are not built in are to be looked into.
   */
  readonly repeatable: boolean;

  /** What makes a replay differ; the caller decides by kind (a read may do all this). */
  readonly unsafe: readonly Unsafe[];
}
