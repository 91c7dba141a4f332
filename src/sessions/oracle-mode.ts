import { LockstepError } from '../base/errors.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { isOracleMode } from '../sql/lex-mode.ts';
import type { SetAssignment } from '../sql/set-statement.ts';
import type { SessionCore } from './session-core.ts';

/** MODE_ORACLE in MariaDB's `sql/sql_class.h`. */
const oracleBit = 512;

const refusal = (): LockstepError =>
  new LockstepError(
    'unsupported',
    'sql_mode ORACLE is another language, which is not understood here: what it writes would be ' +
      'written on one node only. Use the other modes that it stands for without it',
  );

/**
 * Throws where sql_mode is to become one with MariaDB's ORACLE, as far as the text tells. MySQL has
 * none, and says so.
 */
export function refuseOracleMode(
  core: SessionCore,
  sql: string,
  { scope, name, literal, literalKind, expressionStart, expressionEnd }: SetAssignment,
): void {
  if (scope !== 'session' || name !== 'sql_mode' || core.lexMode.flavor !== 'mariadb') return;
  const asNumber = literalKind === 'number' && (Number(literal) & oracleBit) !== 0;
  if (asNumber || isOracleMode(sql.slice(expressionStart, expressionEnd))) throw refusal();
}

/** The same of what was set, by an expression that does not tell. The connection is lost. */
export function refuseOracleOn(
  connection: NodeConnection,
  values: readonly (readonly [name: string, value: string | null])[],
): void {
  const mode = values.find(([name]) => name === 'sql_mode')?.[1];
  if (mode == null || !isOracleMode(mode)) return;
  const refused = refusal();
  connection.destroy(refused);
  throw refused;
}
