import { LockstepError } from '../base/errors.ts';
import type { TableInfo } from '../nodes/table-info.ts';
import type { Unsafe } from '../sql/determinism.ts';
import { mixesIds, selectsColumn } from '../sql/given-ids.ts';
import type { LexMode } from '../sql/lex-mode.ts';
import { loadsColumn } from '../sql/load-data.ts';
import { renderWithParameters } from '../sql/render-parameters.ts';
import type { Statement } from '../sql/statement.ts';
import { type UnsafeKind, unsafeKinds } from '../sql/unsafe-kind.ts';
import type { WrittenTables } from './cache/written-tables.ts';
import { rememberWrite } from './known-write.ts';
import { hasAutoIsNull } from './auto-is-null.ts';
import { mayReadOutdated } from './may-read-outdated.ts';
import type { SessionCore } from './session-core.ts';
import { guardMarkers } from './guard-markers.ts';
import { keyedBy, type Upserted, upsertedBy } from './upserts.ts';
import { effectsOf, type WriteEffects } from './write-effects.ts';
import type { WriteRequest } from './write-request.ts';
import { lowerName } from '../sql/lower-name.ts';

/**
 * How a write is made the same on every node:
 * - `as_is`: by its text and pins;
 * - `literals`: values that it computes once stand in it as literals;
 * - `rows`: INSERT … SELECT as INSERT … VALUES of the rows that the leader selected;
 * - `keys`: UPDATE or DELETE by the keys of the rows that the leader chose.
 */
export type Way = 'as_is' | 'literals' | 'rows' | 'keys';

export interface TableId {
  readonly schema: string;
  readonly table: string;
}

export interface WriteFacts {
  /** Nothing may be logged beside it. */
  readonly alone: boolean;
  /** If it generates ids, nothing may be logged beside it either: only running it tells. */
  readonly aloneForIds: boolean;
  /** The statement may generate an AUTO_INCREMENT value: ask LAST_INSERT_ID() afterwards. */
  readonly askInsertId: boolean;
  /** It generates its ids, all of them, so that its answer tells the first. */
  readonly tellsInsertId: boolean;
  readonly way: Way;
  /** What it computes may depend on when it runs. */
  readonly asksClock: boolean;
  /** Tables whose counters must be the same on every node before it runs. */
  readonly reconcile: readonly TableId[];
  readonly effects: WriteEffects;
  /** What it may change; undefined where it may be anything. */
  readonly written: WrittenTables | undefined;
  /** Where it takes for granted that no row gets a key until it is logged. */
  readonly upserted: Upserted | undefined;
}

export const unsafe = (what: string, wayOut: string): LockstepError =>
  new LockstepError('unsafe_statement', `${what}; ${wayOut}`);

/** What has an effect of its own, or meets rows in an order that no rewriting fixes. */
const neverRewritten: ReadonlySet<UnsafeKind> = new Set([
  'user_lock',
  'load_file',
  'sleep',
  'replication_wait',
  'delayed',
  'variable_assignment',
]);

const autoIsNull = ({ verb }: Statement): LockstepError =>
  unsafe(
    `${verb} … IS NULL under sql_auto_is_null may mean the row that was inserted last`,
    'SET sql_auto_is_null = 0, and name that row by LAST_INSERT_ID()',
  );

/** Decides how a write is made safe; throws LockstepError('unsafe_statement') if it cannot be. */
export async function checkWrite(core: SessionCore, write: WriteRequest): Promise<WriteFacts> {
  const { statement } = write;
  const { version } = core.context.catalogue;
  if (hasAutoIsNull(core) && /\bIS\s+NULL\b/i.test(write.sql)) throw autoIsNull(statement);
  const effects = await effectsOf(core, statement);
  guardMarkers(core, statement, effects);
  for (const table of effects.targets) refuseTable(core, table, write);
  for (const item of statement.unsafe) {
    if (!item.literalSafe && neverRewritten.has(item.kind)) throw refusal(item, statement);
  }
  refusePrograms(core, effects);
  const load = statement.kind === 'load_data';
  if (load) refuseLoad(core, statement, effects);
  const inserts = statement.verb === 'INSERT' || statement.verb === 'REPLACE';
  const generates = effects.targets.some(({ autoIncrement }) => autoIncrement !== undefined);
  const call = statement.kind === 'call';
  const tellsInsertId = inserts && generates && generatesAll(statement, effects);
  const selecting = effects.selectingPrograms.length > 0 || effects.handlingPrograms.length > 0;
  const writing = effects.programsWrite && !call;
  const aloneForIds = load && generates && core.anyFacts()?.interleavesIds === true;
  const facts: WriteFacts = {
    alone:
      statement.insertSelect ||
      (load && (readsTables(statement) || (aloneForIds && leavesIds(core, write, effects)))) ||
      mixes(core, write, effects) ||
      (effects.runsProgram && (selecting || writing)),
    aloneForIds,
    askInsertId: call || ((inserts || load) && generates && !tellsInsertId),
    tellsInsertId,
    way: wayOf(core, write, effects),
    asksClock: asksClock(write, effects),
    reconcile: effects.nestedIds.length === 0 ? [] : generatingTables(effects),
    effects,
    written: await writtenBy(core, write, effects),
    upserted: upsertedBy(core, statement, effects),
  };
  rememberWrite(core, write, facts, version);
  return facts;
}

async function writtenBy(
  core: SessionCore,
  write: WriteRequest,
  effects: WriteEffects,
): Promise<WrittenTables | undefined> {
  const { context, state } = core;
  const written = await context.cache.reach.of(write.statement, state.schema);
  return written && { ...written, keyed: keyedBy(core, write, effects, written) };
}

/**
 * Whether the insert id in the OK packet must be one that was generated: an id that is given shows
 * there as well. Source: MySQL `sql/sql_insert.cc`, where the packet is made; so in MariaDB.
 */
function generatesAll(statement: Statement, effects: WriteEffects): boolean {
  const { verb, insertColumns, insertSelect, onDuplicateKey, ignore, returning } = statement;
  const [target, other] = effects.targets;
  const [named] = statement.writtenTables;
  if (verb !== 'INSERT' || insertSelect || onDuplicateKey || ignore || returning) return false;
  if (statement.usesLastInsertId || effects.usesLastInsertId) return false;
  if (effects.runsProgram || effects.nestedIds.length > 0 || !insertColumns) return false;
  // The columns of a view may have other names.
  if (!target || other || lowerName(target.name) !== lowerName(named?.name ?? '')) return false;
  const given = insertColumns.map(lowerName);
  return !given.some((column) => column === target.autoIncrement || column.includes('.'));
}

/** A literal of the type TIME gets the date of today where it meets one. */
const mayBeTimed =
  /\{|\b(?:DATE|TIME|DATETIME|TIMESTAMP|INTERVAL|SYSDATE|(?:CURRENT|LOCAL|UTC_)\w*)\b/i;
const timedParameter = /\d:\d\d/;

/** Rather once too often than once too seldom. */
function asksClock(
  { statement, parameters }: WriteRequest,
  { targets, runsProgram }: WriteEffects,
): boolean {
  const { functions, tables, writtenTables, normalised, understood } = statement;
  const [target, other] = targets;
  const alone = tables.length === 1 && writtenTables.length === 1 && !other;
  if (!understood || !target || !alone || functions.size > 0 || runsProgram) return true;
  if (target.asksClock || mayBeTimed.test(normalised)) return true;
  return parameters.some((literal) => timedParameter.test(literal));
}

const readsTables = ({ tables, writtenTables }: Statement): boolean =>
  tables.length > writtenTables.length;

/** LOAD DATA that gives no row an id of its own. */
const leavesIds = (core: SessionCore, { sql }: WriteRequest, { targets }: WriteEffects): boolean =>
  targets.some(
    ({ autoIncrement }) =>
      autoIncrement !== undefined && !loadsColumn(sql, core.lexMode, autoIncrement),
  );

/** What would be another value for every row cannot be written into its text. */
function refuseLoad(core: SessionCore, statement: Statement, effects: WriteEffects): void {
  const wayOut = 'load the file into a table of plain columns, then INSERT … SELECT from that';
  const defaults = effects.targets.find(({ unstableDefaults }) => unstableDefaults.length > 0);
  if (defaults) {
    const [column] = defaults.unstableDefaults;
    throw unsafe(`the default of ${defaults.name}.${column?.column} differs on every node`, wayOut);
  }
  const perRow = statement.unsafe.find((item) => !item.literalSafe && item.kind !== 'sysdate');
  if (perRow) throw refusal(perRow, statement);
  if (statement.usesSequence) {
    throw unsafe(`a sequence in ${statement.verb} would move on one node only`, wayOut);
  }
  if (!readsTables(statement)) return;
  const temporary = statement.tables.some((table) => isTemporary(core, table));
  if (temporary || effects.unsafeViews.length > 0) {
    throw unsafe(`${statement.verb} reads what differs on every node`, wayOut);
  }
  if (mayReadOutdated(core.transaction)) {
    throw unsafe(
      `${statement.verb} selects without locks, so that it may read what is outdated`,
      'run it outside a transaction',
    );
  }
}

function generatingTables({ nestedIds, targets }: WriteEffects): TableId[] {
  const own = targets.filter(({ autoIncrement }) => autoIncrement !== undefined);
  const tables = [...nestedIds, ...own.map(({ schema, name }) => ({ schema, table: name }))];
  return tables
    .map(({ schema, table }) => ({ schema, table }))
    .filter(
      (one, index, all) =>
        all.findIndex(({ schema, table }) => schema === one.schema && table === one.table) ===
        index,
    );
}

/** Seen on MySQL 9.7.4: a row that IGNORE leaves alone has cascaded before, and that stays. */
const mayLeaveHalf = ({ flavor }: LexMode, { verb, ignore, onDuplicateKey }: Statement): boolean =>
  flavor === 'mysql' && ignore && (verb !== 'INSERT' || onDuplicateKey);

function refuseTable(
  { lexMode }: SessionCore,
  table: TableInfo,
  { statement, sql }: WriteRequest,
): void {
  const { schema, name, engine } = table;
  if (!table.transactional) {
    throw unsafe(
      `table ${name} uses the engine ${engine}, which cannot roll back`,
      // Servers keep their own tables in engines of their choice.
      schema === 'mysql'
        ? 'use the statements for it, such as CREATE USER, GRANT and DROP USER'
        : `ALTER TABLE ${name} ENGINE=InnoDB`,
    );
  }
  if (table.keepsTransactionIds) {
    throw unsafe(
      `table ${name} keeps the numbers of transactions, which differ on every node`,
      'let its ROW START and ROW END be TIMESTAMP(6)',
    );
  }
  if (table.changesOthers && mayLeaveHalf(lexMode, statement)) {
    throw unsafe(
      `${statement.verb} IGNORE may change the tables whose foreign keys name ${name} and not ` +
        `${name} itself, as MySQL does it`,
      'leave IGNORE out, and take the error for an answer',
    );
  }
  if (table.autoIncrement !== undefined && /\bFOR\s+PORTION\s+OF\b/i.test(sql)) {
    throw unsafe(
      `FOR PORTION OF generates ids of ${name}, which would differ on every node`,
      'UPDATE the rows, and INSERT what is left of them',
    );
  }
}

function refusePrograms(core: SessionCore, effects: WriteEffects): void {
  const [program] = effects.unsafePrograms;
  if (program !== undefined) {
    throw unsafe(
      `${program} would give a different result on every node`,
      'give the program the value as an argument, or compute it in the application',
    );
  }
  const id = effects.nestedIds.find(({ ordered }) => !ordered) ?? effects.nestedIds[0];
  if (id && (!id.ordered || core.transaction)) {
    throw unsafe(
      `the AUTO_INCREMENT column ${id.table}.${id.column} (by ${id.by}) would get different ` +
        'values on different nodes',
      id.ordered
        ? 'run the statement outside a transaction, or give that table a key of its own values'
        : 'give that table a key of its own values, or insert into it by a statement of its own',
    );
  }
  const [handling] = effects.handlingPrograms;
  if (handling !== undefined && core.transaction) {
    throw unsafe(
      `${handling} goes on after errors, which in a transaction may be those of one node only`,
      'run the statement outside a transaction',
    );
  }
  const [selecting] = effects.selectingPrograms;
  if (selecting !== undefined && mayReadOutdated(core.transaction)) {
    throw unsafe(
      `${selecting} selects without locks, so that in a transaction it may read what is outdated`,
      'run the statement outside a transaction, or the transaction at SERIALIZABLE',
    );
  }
}

function wayOf(core: SessionCore, write: WriteRequest, effects: WriteEffects): Way {
  const { statement } = write;
  const { verb } = statement;
  const readsTemporary = statement.tables.some((table) => isTemporary(core, table));
  const unstable = effects.unsafeViews.length > 0 || readsTemporary;
  const defaults = effects.targets.some(({ unstableDefaults }) => unstableDefaults.length > 0);
  // What each row adds elsewhere is numbered in the order of the rows.
  const nested = effects.nestedIds.length > 0;
  const places = statement.unsafe.some(({ literalSafe }) => !literalSafe);
  if ((verb === 'INSERT' || verb === 'REPLACE') && statement.insertSelect) {
    const ids = nested || effects.targets.some((target) => generatesIds(core, write, target));
    const merges = /\b(?:GROUP|DISTINCT|UNION|EXCEPT|INTERSECT)\b/i.test(write.sql);
    const choice = statement.limit || statement.rowOrderSensitive || statement.usesRand || merges;
    const sequences = statement.usesSequence;
    const rows = statement.unsafe.length > 0 || unstable || ids || choice || defaults || sequences;
    return rows ? 'rows' : 'as_is';
  }
  if (verb === 'UPDATE' || verb === 'DELETE') {
    const limit = statement.limit && !orderIsUnique(statement, effects.targets[0]);
    if (nested || limit || places || unstable || statement.usesRand || statement.usesSequence)
      return 'keys';
    if (defaults && verb === 'UPDATE') return 'keys';
    // Which rows give way in UPDATE IGNORE depends on their order.
    const ordered = effects.targets.length === 1 && effects.targets[0]?.uniqueKey.length;
    if (statement.rowOrderSensitive && ordered) return 'keys';
  }
  const values = defaults && (verb === 'INSERT' || verb === 'REPLACE');
  const literals = statement.unsafe.length > 0 || values || unstable || statement.usesSequence;
  return literals ? 'literals' : 'as_is';
}

/** INSERT … SELECT that leaves the ids to the server, or may do so for some rows. */
function generatesIds(core: SessionCore, write: WriteRequest, target: TableInfo): boolean {
  if (target.autoIncrement === undefined) return false;
  const { insertColumns } = write.statement;
  if (!insertColumns) return true;
  const index = indexOf(insertColumns, target.autoIncrement);
  return index < 0 || !selectsColumn(write.sql, core.lexMode, index);
}

const indexOf = (columns: readonly string[], name: string): number =>
  columns.findIndex((column) => lowerName(column) === name);

/** INSERT … VALUES that gives some ids and generates others, so that nobody may insert beside. */
function mixes(core: SessionCore, write: WriteRequest, { targets }: WriteEffects): boolean {
  const { statement, sql, parameters } = write;
  const [target] = targets;
  const inserts = statement.verb === 'INSERT' || statement.verb === 'REPLACE';
  if (!inserts || statement.insertSelect || statement.insertRows === 1) return false;
  if (target?.autoIncrement === undefined) return false;
  const index = indexOf(statement.insertColumns ?? target.columns, target.autoIncrement);
  if (index < 0) return false;
  const text =
    parameters.length === 0
      ? sql
      : renderWithParameters(sql, statement.parameterOffsets, parameters);
  if (!mixesIds(text, core.lexMode, index)) return false;
  if (!core.transaction) return true;
  throw unsafe(
    `this ${statement.verb} may give some ids of ${target.name} and generate others`,
    'give an id in every row or in none, or run the statement outside a transaction',
  );
}

function orderIsUnique(statement: Statement, table: TableInfo | undefined): boolean {
  const order = new Set((statement.orderBy ?? []).map(lowerName));
  const key = table?.uniqueKey ?? [];
  return key.length > 0 && key.every((column) => order.has(lowerName(column)));
}

export function isTemporary(
  core: SessionCore,
  table: { readonly schema?: string; readonly name: string },
): boolean {
  if (core.temporaryTables.size === 0) return false;
  const schema = table.schema ?? core.state.schema;
  return core.temporaryTables.has(lowerName(`${schema}.${table.name}`));
}

export function refusal(item: Unsafe, statement: Statement): LockstepError {
  const { reason, remedy } = unsafeKinds[item.kind];
  const what = `${item.text} in ${statement.verb}: it ${reason}`;
  return new LockstepError('unsafe_statement', `${what}. ${remedy}`);
}
