import { NodeQueryError } from '../nodes/query-rows.ts';
import type { SetAssignment } from '../sql/set-statement.ts';
import { type Answer, okAnswer } from './answer.ts';
import type { SessionCore } from './session-core.ts';
import { variablePrefix } from './transaction-characteristics.ts';

const weakIsolation = /READ[- ](UN)?COMMITTED/i;

/** SET [SESSION] TRANSACTION: Lockstep keeps it, because it decides how transactions run. */
export function setTransaction(core: SessionCore, assignments: readonly SetAssignment[]): Answer {
  const once = assignments[0]?.scope === 'transaction_once';
  if (once && core.transaction) {
    const message =
      "Transaction characteristics can't be changed while a transaction is in progress";
    throw new NodeQueryError(1568, '25001', message);
  }
  const characteristics: string[] = [];
  for (const { name, literal } of assignments) {
    if (name === 'transaction_read_only') {
      if (once) characteristics.unshift(literal === '1' ? 'READ ONLY' : 'READ WRITE');
      else setSession(core, 'read_only', literal ?? '0');
    } else {
      const level = strongIsolation(literal ?? '');
      if (once) characteristics.push(`ISOLATION LEVEL ${level.replaceAll('-', ' ')}`);
      else setSession(core, 'isolation', `'${level}'`);
    }
  }
  if (once) core.nextIsolation = characteristics.join(', ');
  return okAnswer;
}

/** Writes run at REPEATABLE READ or SERIALIZABLE: weaker levels do not replay the same. */
export function strongIsolation(level: string): string {
  const name = level.toUpperCase().replaceAll(' ', '-');
  return weakIsolation.test(name) ? 'REPEATABLE-READ' : name;
}

const onOff = (literal: string): string => (literal === '1' ? 'ON' : 'OFF');

function setSession(core: SessionCore, what: 'isolation' | 'read_only', literal: string): void {
  const name = `${variablePrefix(core)}_${what}`;
  core.state.setVariables([[name, literal]]);
  core.tracker?.set(name, what === 'isolation' ? literal.replaceAll("'", '') : onOff(literal));
}
