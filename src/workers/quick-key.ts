import type { Statement } from '../sql/statement.ts';

const keys = new WeakMap<Statement, Map<string, string>>();

/**
 * The same for all statements of one form that name the same tables in one default schema, in
 * whichever process they are asked for.
 */
export function quickKey(statement: Statement, schema: string): string {
  let known = keys.get(statement);
  if (!known) {
    known = new Map();
    keys.set(statement, known);
  }
  let key = known.get(schema);
  if (key === undefined) {
    key = JSON.stringify([schema, statement.tables, statement.normalised]);
    known.set(schema, key);
  }
  return key;
}
