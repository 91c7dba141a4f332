import type { Statement } from './statement.ts';

const verbs = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE']);

/**
 * A write to one table that asks for nothing but what its text and that table hold: not of the
 * session, of its connection or of the statement before; and answers without rows. What its text
 * has of literals changes nothing of that.
 */
export function isPlainWrite(statement: Statement): boolean {
  return (
    statement.kind === 'write' &&
    verbs.has(statement.verb) &&
    statement.understood &&
    statement.parameterCount === 0 &&
    statement.tables.length === 1 &&
    statement.writtenTables.length === 1 &&
    statement.unsafe.length === 0 &&
    statement.into === 'none' &&
    statement.systemVariables.length === 0 &&
    statement.userVariablesRead.length === 0 &&
    statement.userVariablesAssigned.length === 0 &&
    !statement.implicitCommit &&
    !statement.insertSelect &&
    !statement.returning &&
    !statement.hasUnknownFunction &&
    !statement.usesLastInsertId &&
    !statement.usesRand &&
    !statement.usesFoundRows &&
    !statement.usesUserLock &&
    !statement.usesSequence
  );
}
