import { queryRows } from '../nodes/query-rows.ts';
import { bringTo } from './carry-state.ts';
import type { SessionCore } from './session-core.ts';

/**
 * On MariaDB a GET_LOCK that does not get its lock drops what SHOW WARNINGS would show, and its
 * answer does not tell. So where there is something to drop, a warning is left on the connection
 * first; the function returned looks whether it is still there.
 */
export async function watchConditions(core: SessionCore): Promise<() => Promise<void>> {
  const { diagnostics, pinned } = core;
  const nothing = (): Promise<void> => Promise.resolve();
  if (core.lexMode.flavor !== 'mariadb' || !pinned || diagnostics.warningCount === 0) {
    return nothing;
  }
  // What is there is read before this takes its place.
  await diagnostics.conditions();
  await bringTo(pinned.connection, core.state.carried);
  await queryRows(pinned.connection, "DO CAST('x' AS SIGNED)");
  return async () => {
    if (pinned.connection.lost || diagnostics.changed) return;
    const [row] = await queryRows(pinned.connection, 'SELECT @@warning_count AS n LIMIT 1');
    if (row?.['n'] === '0') diagnostics.drop();
  };
}
