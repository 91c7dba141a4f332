import { LockstepError } from '../base/errors.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import { settingLiteral } from '../nodes/server-facts.ts';
import { parseSet, type SetAssignment } from '../sql/set-statement.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, okAnswer } from './answer.ts';
import { noteCarried } from './carry-state.ts';
import { setFromSequence } from './determine-write.ts';
import type { NodeRequest } from './node-request.ts';
import { read } from './read-path.ts';
import type { SessionCore } from './session-core.ts';
import { commitTransaction, readInTransaction } from './transaction-path.ts';
import { readBackUserVariables } from './user-variables.ts';
import { effectsOf } from './write-effects.ts';

const charsetVariables = [
  'character_set_client',
  'character_set_results',
  'collation_connection',
] as const;
/** A write depends on it, and MySQL sets it in no transaction, which is where followers write. */
const serverWide: ReadonlySet<string> = new Set(['explicit_defaults_for_timestamp']);
const weakIsolation = /READ[- ](UN)?COMMITTED/i;
const isolationVariables: ReadonlySet<string> = new Set(['transaction_isolation', 'tx_isolation']);

/**
 * SET of session state. A node executes it, so that every value is checked and computed as the
 * server would; then the values are read back and carried to whichever connection comes next.
 */
export async function runSet(
  core: SessionCore,
  sql: string,
  statement: Statement,
  request: NodeRequest,
): Promise<Answer> {
  const assignments = parseSet(sql, core.lexMode);
  const refused = assignments.find((assignment) => !carriable(assignment));
  if (refused) {
    throw new LockstepError(
      'unsupported',
      `SET ${refused.scope} ${refused.name} cannot be carried from one connection to another`,
    );
  }
  const fixed = assignments.find(({ scope, name }) => scope === 'session' && serverWide.has(name));
  if (fixed) {
    throw new LockstepError(
      'unsupported',
      `SET ${fixed.name} would hold on one node only; ` +
        'set it in the configuration of every server, to the same value',
    );
  }
  if (statement.usesSequence) throw setFromSequence();
  if (statement.hasUnknownFunction && (await effectsOf(core, statement)).programsWrite) {
    throw new LockstepError(
      'unsafe_statement',
      'SET calls a function that writes, which would write on one node only; ' +
        'SELECT the function, then SET the variable to its result',
    );
  }
  const forNode = assignments.filter((assignment) => !keptHere(assignment));
  const local = assignments.filter(keptHere);
  if (forNode.length > 0 && local.length > 0) {
    throw new LockstepError(
      'unsupported',
      'SET autocommit and SET TRANSACTION must be statements of their own',
    );
  }
  for (const assignment of local) await setHere(core, assignment);
  if (forNode.length === 0) return okAnswer;
  return executeAndReadBack(core, statement, request, (connection) =>
    readBack(core, connection, forNode),
  );
}

/** Runs a statement that changes session state, then carries what `after` finds. */
export async function executeAndReadBack(
  core: SessionCore,
  statement: Statement | undefined,
  request: NodeRequest,
  after: (connection: NodeConnection) => Promise<void>,
): Promise<Answer> {
  const options = {
    statement,
    leader: false,
    stream: false,
    after: async (connection: NodeConnection) => {
      await after(connection);
      noteCarried(connection, core.state.carried);
    },
  };
  return core.transaction
    ? readInTransaction(core, core.transaction, request, options)
    : read(core, request, options);
}

function carriable(assignment: SetAssignment): boolean {
  switch (assignment.scope) {
    case 'session':
    case 'user_variable':
    case 'names':
    case 'charset':
    case 'transaction_once':
    case 'transaction_session':
      return true;
    default:
      return false;
  }
}

/** What Lockstep keeps itself, because it decides how the session's transactions run. */
function keptHere(assignment: SetAssignment): boolean {
  if (assignment.scope === 'transaction_once') return true;
  if (assignment.scope === 'transaction_session') return true;
  if (assignment.scope !== 'session') return false;
  return (
    assignment.name === 'autocommit' ||
    assignment.name === 'last_insert_id' ||
    isolationVariables.has(assignment.name)
  );
}

async function setHere(core: SessionCore, assignment: SetAssignment): Promise<void> {
  const value = assignment.literal;
  if (value === undefined) {
    throw new LockstepError('unsupported', `SET ${assignment.name} takes a literal only`);
  }
  if (assignment.name === 'autocommit') return setAutocommit(core, value);
  if (assignment.name === 'last_insert_id') {
    if (!/^\d+$/.test(value)) throw new LockstepError('bad_request', 'last_insert_id is a number');
    core.lastInsertId = value;
    return;
  }
  if (!isolationVariables.has(assignment.name)) return;
  // Writes run at REPEATABLE READ or SERIALIZABLE: weaker levels do not replay the same.
  const level = weakIsolation.test(value) ? 'REPEATABLE READ' : value.replaceAll('-', ' ');
  if (!/^(REPEATABLE READ|SERIALIZABLE|DEFAULT)$/i.test(level)) {
    throw new LockstepError('bad_request', `${value} is not a transaction isolation level`);
  }
  if (assignment.scope === 'transaction_once') {
    core.nextIsolation = `ISOLATION LEVEL ${level.toUpperCase()}`;
    return;
  }
  const name = core.anyFacts()?.flavor === 'mariadb' ? 'tx_isolation' : 'transaction_isolation';
  const literal = `'${level.toUpperCase().replace(' ', '-')}'`;
  core.state.setVariables([[name, /DEFAULT/i.test(level) ? undefined : literal]]);
}

async function setAutocommit(core: SessionCore, value: string): Promise<void> {
  const on = /^(1|ON|TRUE|DEFAULT)$/i.test(value);
  if (!on && !/^(0|OFF|FALSE)$/i.test(value)) {
    throw new LockstepError('bad_request', `autocommit cannot be set to ${value}`);
  }
  if (on && !core.autocommit) await commitTransaction(core);
  core.autocommit = on;
}

/** Asks the connection what the assignments came to. */
async function readBack(
  core: SessionCore,
  connection: NodeConnection,
  assignments: readonly SetAssignment[],
): Promise<void> {
  const names = new Set<string>();
  const userVariables = new Set<string>();
  const defaults = new Set<string>();
  for (const assignment of assignments) {
    if (assignment.scope === 'user_variable') userVariables.add(assignment.name);
    else if (assignment.scope !== 'session') for (const name of charsetVariables) names.add(name);
    else if (isDefault(assignment)) defaults.add(assignment.name);
    else names.add(assignment.name);
  }
  if (names.size > 0) {
    const columns = [...names].map((name, index) => `@@session.${name} AS c${index}`);
    const [row] = await queryRows(connection, `SELECT ${columns.join(',')}`);
    core.state.setVariables(
      [...names].map((name, index) => [name, settingLiteral(row?.[`c${index}`] ?? null)]),
    );
  }
  if (defaults.size > 0) {
    core.state.setVariables([...defaults].map((name) => [name, undefined]));
  }
  await readBackUserVariables(core, connection, [...userVariables]);
}

const isDefault = (assignment: SetAssignment): boolean =>
  assignment.literalKind === 'word' && assignment.literal?.toUpperCase() === 'DEFAULT';
