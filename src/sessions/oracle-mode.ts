import { LockstepError } from '../base/errors.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { isOracleMode } from '../sql/lex-mode.ts';
import type { SetAssignment } from '../sql/set-statement.ts';
import type { SessionCore } from './session-core.ts';

const refusal = (): LockstepError =>
  new LockstepError(
    'unsupported',
    'sql_mode ORACLE is another language, which is not understood here: what it writes would ' +
      'be written on one node only. Use the other modes that it stands for without it',
  );

const setsMode = ({ scope, name }: SetAssignment): boolean =>
  scope === 'session' && name === 'sql_mode';

/**
 * Throws where a literal says that sql_mode is to become one with MariaDB's ORACLE; what is set
 * otherwise, by a number too, `refuseOracleOn` finds. MySQL has no such mode, and says so.
 */
export function refuseOracleMode(core: SessionCore, assignments: readonly SetAssignment[]): void {
  if (core.lexMode.flavor !== 'mariadb') return;
  if (assignments.some((one) => setsMode(one) && isOracleMode(one.literal ?? ''))) throw refusal();
}

/**
 * The same when it was set, by an expression that does not tell; before anything of it is carried.
 * What stands alone is set back. Beside others the connection goes with all that was set on it.
 */
export async function refuseOracleOn(
  core: SessionCore,
  connection: NodeConnection,
  assignments: readonly SetAssignment[],
): Promise<void> {
  if (!assignments.some(setsMode) || core.lexMode.flavor !== 'mariadb') return;
  try {
    const [row] = await queryRows(connection, 'SELECT @@session.sql_mode AS mode LIMIT 1');
    if (!isOracleMode(row?.['mode'] ?? '')) return;
    const before = core.state.carried.settings.get('sql_mode') ?? 'DEFAULT';
    if (assignments.length === 1) await queryRows(connection, `SET SESSION sql_mode=${before}`);
    else connection.destroy(refusal());
  } catch (error) {
    if (!(error instanceof NodeQueryError)) throw error;
    connection.destroy(error);
  }
  throw refusal();
}
