import type { SessionCore } from './session-core.ts';

/**
 * `sql_auto_is_null`: in such a session `WHERE id IS NULL` finds the row that was inserted last on
 * its connection, which no other connection, and no other node, can be told.
 */
export function hasAutoIsNull(core: SessionCore): boolean {
  const own = core.state.carried.settings.get('sql_auto_is_null');
  return own !== undefined && /^(?:1|ON|TRUE)$/i.test(own);
}
