import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import type { SetAssignment } from '../sql/set-statement.ts';
import type { SessionCore } from './session-core.ts';
import { commitTransaction } from './transaction-path.ts';
import { numberOf, plainLiteral, readUserVariables } from './user-variables.ts';

/**
 * Holds the value of an autocommit that only a server can compute. It is no part of the session:
 * what is left of it on a connection is set anew before it is looked at.
 */
export const autocommitHolder = 'lockstep_autocommit';

export const isAutocommit = ({ scope, name }: SetAssignment): boolean =>
  scope === 'session' && name === 'autocommit';

/** The value where it is one literal; undefined where a node must compute it. */
export function knownAutocommit({ literal }: SetAssignment): boolean | undefined {
  return literal === undefined ? undefined : valueOf(literal);
}

/** Has a node compute the value, into a user variable. */
export const holdAutocommit = (assignment: SetAssignment): SetAssignment => ({
  ...assignment,
  scope: 'user_variable',
  name: autocommitHolder,
});

/** The value that was computed, as a literal. */
export async function heldAutocommit(connection: NodeConnection): Promise<string> {
  const [[, literal] = ['', 'NULL']] = await readUserVariables(connection, [autocommitHolder], {});
  return literal;
}

export function autocommitOf(held: string): boolean {
  const literal = numberOf(plainLiteral(held));
  const text = /X'([0-9a-f]*)'/i.exec(literal)?.[1];
  return valueOf(text === undefined ? literal : Buffer.from(text, 'hex').toString('latin1'));
}

/** As on a server, switching it on commits what is open. */
export async function setAutocommit(core: SessionCore, on: boolean): Promise<void> {
  if (on && !core.autocommit) {
    await commitTransaction(core);
    core.savepoints.clear();
  }
  // MySQL forgets what it would have warned of at ROLLBACK (seen on 9.7).
  const forgets = !on && core.autocommit && core.lexMode.flavor === 'mysql';
  if (forgets && core.transaction) core.transaction.definesTemporary = false;
  core.autocommit = on;
  core.tracker?.set('autocommit', on ? 'ON' : 'OFF');
}

function valueOf(text: string): boolean {
  if (/^(?:1|ON|TRUE|DEFAULT)$/i.test(text)) return true;
  if (/^(?:0|OFF|FALSE)$/i.test(text)) return false;
  if (/^-?(?:\d*\.\d+|[\d.]+e)/i.test(text)) {
    // ER_WRONG_TYPE_FOR_VAR
    throw new NodeQueryError(1232, '42000', "Incorrect argument type to variable 'autocommit'");
  }
  // ER_WRONG_VALUE_FOR_VAR
  const message = `Variable 'autocommit' can't be set to the value of '${text}'`;
  throw new NodeQueryError(1231, '42000', message);
}
