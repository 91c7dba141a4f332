import type { Statement } from './statement.ts';

/**
 * A SELECT that asks for nothing but rows: not of the session, of its connection or of the
 * statement before, and leaves nothing behind that the next one could ask for. What its text has
 * of literals changes nothing of that.
 */
export function isPlainRead(statement: Statement): boolean {
  return (
    statement.kind === 'read' &&
    statement.verb === 'SELECT' &&
    statement.understood &&
    statement.into === 'none' &&
    statement.systemVariables.length === 0 &&
    statement.userVariablesRead.length === 0 &&
    statement.userVariablesAssigned.length === 0 &&
    !statement.locking &&
    !statement.calcFoundRows &&
    !statement.hasUnknownFunction &&
    !statement.usesLastInsertId &&
    !statement.usesRand &&
    !statement.usesFoundRows &&
    !statement.usesUserLock &&
    !statement.usesSequence &&
    !statement.functions.has('CONNECTION_ID')
  );
}
