import { LockstepError } from '../base/errors.ts';
import { settingMatters } from '../nodes/server-facts.ts';
import { type SetAssignment, unreadVariables } from '../sql/set-statement.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Throws where a SET, in a form that cannot be read as a whole, sets what writes depend on: the
 * leader would compute with it, and the nodes to which the log is applied would not.
 */
export function refuseUnread(
  core: SessionCore,
  sql: string,
  assignments: readonly SetAssignment[],
): void {
  const name = unreadVariables(sql, core.lexMode, assignments).find(settingMatters);
  if (name === undefined) return;
  throw new LockstepError(
    'unsupported',
    `SET of ${name} stands where it cannot be read here; make it a statement of its own`,
  );
}
