import { NodeQueryError } from '../nodes/query-rows.ts';
import type { SetAssignment } from '../sql/set-statement.ts';
import { type Answer, okAnswer } from './answer.ts';
import { beginAnew } from './implicit-transaction.ts';
import type { SessionCore } from './session-core.ts';
import {
  type Characteristics,
  keepIfOpen,
  presentCharacteristics,
  variablePrefix,
} from './transaction-characteristics.ts';

const weakIsolation = /READ[- ](UN)?COMMITTED/i;

/** SET [SESSION] TRANSACTION: Lockstep keeps it, because it decides how transactions run. */
export async function setTransaction(
  core: SessionCore,
  assignments: readonly SetAssignment[],
): Promise<Answer> {
  const once = assignments[0]?.scope === 'transaction_once';
  if (once && core.status.inTransaction) throw whileInProgress();
  for (const { name, literal = '' } of assignments) {
    const asked: Characteristics =
      name === 'transaction_read_only'
        ? { access: literal === '1' ? 'READ ONLY' : 'READ WRITE' }
        : { level: strongIsolation(literal).replaceAll('-', ' ') };
    if (once) core.characteristics = { ...core.characteristics, ...asked };
    else setSession(core, asked);
  }
  await beginAnew(core);
  return okAnswer;
}

function whileInProgress(): NodeQueryError {
  const message = "Transaction characteristics can't be changed while a transaction is in progress";
  return new NodeQueryError(1568, '25001', message);
}

/** Writes run at REPEATABLE READ or SERIALIZABLE: weaker levels do not replay the same. */
export function strongIsolation(level: string): string {
  const name = level.toUpperCase().replaceAll(' ', '-');
  return weakIsolation.test(name) ? 'REPEATABLE-READ' : name;
}

function setSession(core: SessionCore, { access, level }: Characteristics): void {
  const before = presentCharacteristics(core);
  if (access !== undefined) {
    const readOnly = access === 'READ ONLY';
    setVariable(core, 'read_only', readOnly ? '1' : '0', readOnly ? 'ON' : 'OFF');
    keepIfOpen(core, ['access'], before);
  }
  if (level !== undefined) {
    const name = level.replaceAll(' ', '-');
    setVariable(core, 'isolation', `'${name}'`, name);
    keepIfOpen(core, ['level'], before);
  }
}

function setVariable(core: SessionCore, what: string, literal: string, shown: string): void {
  const name = `${variablePrefix(core)}_${what}`;
  core.state.setVariables([[name, literal]]);
  core.tracker?.set(name, shown);
}
