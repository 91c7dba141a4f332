import { LockstepError } from '../base/errors.ts';
import type { Statement } from '../sql/statement.ts';
import { unsafe } from './check-write.ts';
import type { SessionCore } from './session-core.ts';
import type { Viewed } from './viewed-reads.ts';
import { effectsOf, type WriteEffects } from './write-effects.ts';

/** What a statement that only reads by its own text does through the functions it calls. */
export interface CalledPrograms {
  readonly write: boolean;
  readonly readTables: boolean;
  /** User variables that they set; lower case, without @. */
  readonly assigned: readonly string[];
  readonly mayChangeInsertId: boolean;
}

const none: CalledPrograms = {
  write: false,
  readTables: false,
  assigned: [],
  mayChangeInsertId: false,
};

/**
 * Throws unsafe_statement for what would stay behind on a connection that others use.
 * `keepsConnection`: the read does not end with its answer, as with a cursor.
 */
export async function calledPrograms(
  core: SessionCore,
  statement: Statement,
  keepsConnection = false,
): Promise<CalledPrograms> {
  if (!statement.hasUnknownFunction) {
    const views = await viewsMayDo(core, statement);
    if (views === 'nothing') return none;
    if (views === 'unknown' && !keepsConnection && mayBeWatched(core, statement)) return none;
  }
  const effects = await effectsOf(core, statement);
  refuseUncontrolled(effects);
  refuseLocks(effects);
  if (effects.programsWrite) refuseUnordered(statement, effects);
  return {
    write: effects.programsWrite,
    readTables: effects.programsRead,
    assigned: [...new Set(effects.userVariablesAssigned)],
    mayChangeInsertId: effects.usesLastInsertId,
  };
}

async function viewsMayDo(core: SessionCore, statement: Statement): Promise<Viewed> {
  if (!readsRows(statement)) return 'nothing';
  // One may stand behind a temporary table.
  if (core.temporaryTables.size > 0) return 'unknown';
  return core.context.viewed.find(statement, core.state.schema);
}

/**
 * Whether the views of a statement are to be kept from writing by the server, in a READ ONLY
 * transaction around it: nobody can tell now what they do. So a read is given its rows also while
 * there is no leader, or while a view is just being changed; one that would write is error 1792.
 */
export const mustBeWatched = (core: SessionCore, statement: Statement | undefined): boolean =>
  statement !== undefined &&
  readsRows(statement) &&
  mayBeWatched(core, statement) &&
  !core.context.viewed.onlyReads(statement, core.state.schema);

/** Rows cannot be locked in a READ ONLY transaction; in another one there can be none. */
const mayBeWatched = (core: SessionCore, { kind, locking }: Statement): boolean =>
  !core.transaction && !core.pinned && !locking && (kind === 'read' || kind === 'set');

/** It names tables that it does not only describe. */
const readsRows = ({ kind, verb, tables, normalised }: Statement): boolean =>
  tables.length > 0 &&
  (kind === 'read' || kind === 'set' || kind === 'write' || verb === 'CREATE TABLE') &&
  // A temporary table may have the name of a view.
  (verb !== 'CREATE TABLE' || /\bSELECT\b|\bTABLE\b.*\bTABLE\b|\.\.\.$/is.test(normalised)) &&
  // They run what is selected in them (seen on both servers).
  (verb !== 'EXPLAIN' || /\bSELECT\b|\bTABLE\b|\.\.\.$/i.test(normalised)) &&
  (!verb.startsWith('SHOW') || /\bSELECT\b|\.\.\.$/i.test(normalised));

/** Each node would call the functions for other rows. */
function refuseUnordered(statement: Statement, { unsafeViews }: WriteEffects): void {
  const chooses = statement.limit && statement.orderBy === null && statement.tables.length > 0;
  const what = unsafeViews[0] ?? (chooses ? `${statement.verb} with a LIMIT without order` : '');
  if (what === '') return;
  throw new LockstepError(
    'unsafe_statement',
    `${what} would call a function that writes for different rows on every node; ` +
      'call it for rows that are chosen by an order, or in the application',
  );
}

/** What runs as a read and yet has one fills a temporary table, and moves it on one node alone. */
export function refuseSequence({ usesSequence, verb }: Statement): void {
  if (!usesSequence || verb === 'EXPLAIN') return;
  throw new LockstepError(
    'unsafe_statement',
    `${verb} of a temporary table would move a sequence on one node only; SELECT its next value ` +
      'first, into a user variable',
  );
}

/** What it leaves behind on its connection others would find there. */
export function refuseUncontrolled({ uncontrolled }: WriteEffects): void {
  if (uncontrolled === undefined) return;
  throw unsafe(
    `${uncontrolled}: a program may not end transactions, change the session or definitions, ` +
      'prepare statements, or be made in sql_mode ORACLE',
    'take that out of it and do it in the application',
  );
}

/** A lock keeps the session on its connection, and only the text of a statement tells of one. */
export function refuseLocks({ lockingProgram }: WriteEffects): void {
  if (lockingProgram === undefined) return;
  throw new LockstepError(
    'unsafe_statement',
    `${lockingProgram} uses GET_LOCK or its like, whose locks belong to a connection; ` +
      'SELECT GET_LOCK(…) and RELEASE_LOCK(…) in statements of their own, around the call',
  );
}
