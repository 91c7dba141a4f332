import type { Statement, TableName } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';

/** No server writes to what information_schema shows, nor to a name that is in no schema. */
export const isUnwritable = (
  core: SessionCore,
  { schema = core.state.schema }: TableName,
): boolean => schema === '' || schema.toLowerCase() === 'information_schema';

/**
 * A write that can take no effect anywhere: a server refuses it before it looks at locks. What a
 * function does, or a sequence, is another matter.
 */
export const writesNowhere = (core: SessionCore, statement: Statement): boolean => {
  const { kind, tables, hasUnknownFunction, usesSequence } = statement;
  if (kind !== 'write' || hasUnknownFunction || usesSequence || tables.length === 0) return false;
  return tables.every((table) => isUnwritable(core, table));
};
