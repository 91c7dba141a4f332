import { NodeQueryError } from '../nodes/query-rows.ts';
import { parseSet, type SetAssignment } from '../sql/set-statement.ts';
import { setText } from '../sql/set-text.ts';
import { type Answer, errnoOf, okAnswer } from './answer.ts';
import { asText, flatten } from './determine-write.ts';
import type { SessionCore } from './session-core.ts';
import {
  type Characteristics,
  keepIfOpen,
  presentCharacteristics,
  sessionCharacteristics,
  variablePrefix,
} from './transaction-characteristics.ts';
import type { WriteRequest } from './write-request.ts';

const weakIsolation = /READ[- ](UN)?COMMITTED/i;

/** SET [SESSION] TRANSACTION: Lockstep keeps it, because it decides how transactions run. */
export function setTransaction(core: SessionCore, assignments: readonly SetAssignment[]): Answer {
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
  return okAnswer;
}

const names = /(?:transaction|tx)_(?:isolation|read_only)/i;
const partOf = (name: string): keyof Characteristics =>
  name.endsWith('_read_only') ? 'access' : 'level';

/**
 * Runs a SET that may set the variables of SET TRANSACTION. `run` sets those of the session: what a
 * node had for the next transaction only, it would have for whoever is next on that connection.
 */
export async function setTransactionVariables(
  core: SessionCore,
  write: WriteRequest,
  run: (write: WriteRequest) => Promise<Answer>,
): Promise<Answer> {
  if (!names.test(write.sql)) return run(write);
  const sql = flatten(write);
  const assignments = parseSet(sql, core.lexMode);
  const set = assignments.filter(({ scope, name }) => scope === 'session' && names.test(name));
  const once = set.some((one) => one.once);
  // A name that a server does not know is for it to refuse.
  const known = set.some((one) => one.once && one.name.startsWith(variablePrefix(core)));
  if (known && core.status.inTransaction) throw whileInProgress();
  const before = presentCharacteristics(core);
  const session = sessionCharacteristics(core);
  const text = once ? setText(sql, assignments) : undefined;
  const answer = await run(text === undefined ? write : asText(write, text));
  if (errnoOf(answer) !== undefined) return answer;
  for (const one of set) {
    const part = partOf(one.name);
    if (one.once) {
      const asked = sessionCharacteristics(core)[part];
      setSession(core, { [part]: session[part] });
      core.characteristics = { ...core.characteristics, [part]: asked };
    } else keepIfOpen(core, [part], before);
  }
  return answer;
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
