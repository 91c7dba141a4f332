import type { Statement, TableName } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';

/** No server writes to what information_schema shows, nor to a name that is in no schema. */
export const isUnwritable = (
  core: SessionCore,
  { schema = core.state.schema }: TableName,
): boolean => schema === '' || schema.toLowerCase() === 'information_schema';

/** A write that can take no effect anywhere: a server refuses it before it looks at locks. */
export const writesNowhere = (core: SessionCore, { tables }: Statement): boolean =>
  tables.length > 0 && tables.every((table) => isUnwritable(core, table));
