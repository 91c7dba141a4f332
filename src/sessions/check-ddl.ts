import type { Statement } from '../sql/statement.ts';
import { isTemporary, refusal, unsafe } from './check-write.ts';
import { guardMarkers } from './guard-markers.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Definitions whose text is the same everywhere although what they define computes differently: it
 * is judged when a write comes to use it.
 */
const judgedWhenUsed = new Set([
  'CREATE TABLE',
  'CREATE VIEW',
  'ALTER VIEW',
  'CREATE PROCEDURE',
  'CREATE FUNCTION',
  'CREATE EVENT',
  'ALTER EVENT',
]);

/** Refuses DDL that would differ between nodes; throws unsafe_statement or unsupported. */
export function checkDdl(core: SessionCore, statement: Statement, sql: string): void {
  const { verb } = statement;
  guardMarkers(core, statement);
  // A trigger runs as the account that made it, the same on every node.
  const item = statement.unsafe.find(
    ({ kind, text }) =>
      verb !== 'CREATE TRIGGER' || kind !== 'current_user' || !/^CURRENT_(USER|ROLE)/i.test(text),
  );
  if (item && (statement.insertSelect || !judgedWhenUsed.has(verb))) {
    throw refusal(item, statement);
  }
  if (statement.insertSelect) refuseUnorderedRows(statement, sql);
  if (statement.tables.some((table) => isTemporary(core, table))) {
    throw unsafe(
      `${verb} reads or changes a temporary table, which exists on one node only`,
      'create the table first, then INSERT … SELECT from the temporary one',
    );
  }
  if (
    /^(?:CREATE|ALTER) USER|^SET/.test(verb) &&
    /\bRANDOM\s+PASSWORD\b|\bTO\s+RANDOM\b/i.test(sql)
  ) {
    throw unsafe('a random password would differ on every node', 'choose it in the application');
  }
}

/** CREATE TABLE … SELECT whose rows, or the ids they get, depend on an order that is not fixed. */
function refuseUnorderedRows(statement: Statement, sql: string): void {
  const generates = /\bAUTO_INCREMENT\b/i.test(sql) && statement.orderBy === null;
  const chooses =
    statement.limit || statement.ignore || /\bREPLACE\s+(?:AS\s+)?\(?SELECT/i.test(sql);
  if (!generates && !chooses && !statement.usesRand) return;
  throw unsafe(
    'CREATE TABLE … SELECT would choose or number rows differently on every node',
    'create the table first, then INSERT … SELECT into it',
  );
}
