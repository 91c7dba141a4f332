import { quoteIdentifier } from './quote.ts';
import type { SetAssignment } from './set-statement.ts';

/**
 * One assignment as it may stand in any SET, whatever stood before it; undefined for the forms
 * that are statements of their own.
 */
export function assignmentText(sql: string, assignment: SetAssignment): string | undefined {
  const { scope, name, written, collation } = assignment;
  const value = sql.slice(assignment.expressionStart, assignment.expressionEnd);
  switch (scope) {
    case 'session':
    case 'global':
    case 'persist':
    case 'persist_only':
      return `@@${scope}.${name}=${value}`;
    case 'user_variable':
      return `${written ?? `@${quoteIdentifier(name)}`}=${value}`;
    case 'names':
      return collation === undefined ? `NAMES ${value}` : `NAMES ${value} COLLATE ${collation}`;
    case 'charset':
      return `CHARACTER SET ${value}`;
    default:
      return undefined;
  }
}

/** A SET of these assignments; undefined when they cannot stand together. */
export function setText(sql: string, assignments: readonly SetAssignment[]): string | undefined {
  const texts = assignments.map((assignment) => assignmentText(sql, assignment));
  return texts.includes(undefined) ? undefined : `SET ${texts.join(',')}`;
}
