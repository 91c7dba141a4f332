import { LockstepError } from '../base/errors.ts';
import type { Infile } from '../nodes/infile.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { parseSet, type SetAssignment, type SetScope } from '../sql/set-statement.ts';
import { setText } from '../sql/set-text.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, errnoOf, okAnswer } from './answer.ts';
import { calledPrograms } from './called-programs.ts';
import { noteCarried } from './carry-state.ts';
import { runDdl } from './ddl-path.ts';
import { asText, flatten, setFromSequence } from './determine-write.ts';
import type { NodeRequest } from './node-request.ts';
import { refuseOracleMode } from './oracle-mode.ts';
import { readBackFailedSet, readBackSet } from './read-back-set.ts';
import { read } from './read-path.ts';
import type { SessionCore } from './session-core.ts';
import {
  autocommitHolder,
  autocommitOf,
  heldAutocommit,
  holdAutocommit,
  isAutocommit,
  knownAutocommit,
  setAutocommit,
} from './set-autocommit.ts';
import { setMetadata } from './set-metadata.ts';
import { setTransaction, setTransactionVariables } from './set-transaction.ts';
import { readInTransaction } from './transaction-path.ts';
import { readBackUserVariables } from './user-variables.ts';
import { refuseUnread } from './unread-settings.ts';
import type { WriteRequest } from './write-request.ts';

/** Why a session may not set these. */
const refusedVariables: ReadonlyMap<string, string> = new Map([
  // A write depends on it, and MySQL sets it in no transaction, which is where followers write.
  ['explicit_defaults_for_timestamp', 'would hold on one node only'],
  ['gtid_next', 'would name a transaction of one node only'],
]);
const transactionScopes: ReadonlySet<SetScope> = new Set([
  'transaction_once',
  'transaction_session',
]);
const sessionScopes: ReadonlySet<SetScope> = new Set([
  'session',
  'user_variable',
  'names',
  'charset',
]);

/**
 * SET of session state. A node executes it, so that every value is checked and computed as the
 * server would; then the values are read back and carried to whichever connection comes next. What
 * cannot be read back is carried as its text, and run again there.
 */
export function runSet(core: SessionCore, write: WriteRequest): Promise<Answer> {
  return setMetadata(core, write, (one) =>
    setTransactionVariables(core, one, (next) => runSessionSet(core, next)),
  );
}

async function runSessionSet(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const sql = flatten(write);
  const assignments = readSet(core, sql);
  const alsoSet = await checkSet(core, write.statement, assignments);
  if (assignments.every(({ scope }) => transactionScopes.has(scope))) {
    return setTransaction(core, assignments);
  }
  const autocommits = assignments.filter(isAutocommit);
  const autocommit = autocommits.pop();
  if (!autocommit) return setOnNode(core, sql, write, assignments, alsoSet);
  const known = knownAutocommit(autocommit);
  let held = 'NULL';
  let told: Answer = okAnswer;
  const others = assignments.filter((assignment) => !isAutocommit(assignment));
  if (known === undefined) others.push(holdAutocommit(autocommit));
  if (others.length > 0) {
    // Forms that the servers do not let stand beside others are for them to refuse.
    const text = setText(sql, others) ?? sql;
    const parts = parseSet(text, core.lexMode);
    const heldBy = async (connection: NodeConnection): Promise<void> => {
      held = await heldAutocommit(connection);
    };
    const asked = known === undefined ? heldBy : undefined;
    told = await setOnNode(core, text, asText(write, text), parts, alsoSet, asked);
    const errno = errnoOf(told);
    if (errno !== undefined) {
      const isSet = errno === deniedVariable && setBeforeDefaults(assignments, autocommit);
      if (isSet && known !== undefined) await setAutocommit(core, known);
      return told;
    }
  }
  for (const before of autocommits) {
    const on = knownAutocommit(before);
    if (on !== undefined) await setAutocommit(core, on);
  }
  await setAutocommit(core, known ?? autocommitOf(held));
  return told;
}

/** ER_SPECIFIC_ACCESS_DENIED_ERROR */
const deniedVariable = 1227;

/**
 * MySQL looks whether the account may set a variable to DEFAULT when it does so, and has set by
 * then what stands before (seen on 9.7); at every other value it looks first.
 */
function setBeforeDefaults(
  assignments: readonly SetAssignment[],
  autocommit: SetAssignment,
): boolean {
  const behind = assignments.slice(assignments.indexOf(autocommit) + 1);
  return (
    behind.length > 0 &&
    behind.every(({ scope, literal }) => scope !== 'session' || /^DEFAULT$/i.test(literal ?? ''))
  );
}

/** SET of global variables, perhaps with some of the session among them. */
export async function runServerSet(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const sql = flatten(write);
  const assignments = readSet(core, sql);
  const ofSession = assignments.filter(({ scope }) => sessionScopes.has(scope));
  const ofServer = assignments.filter(({ scope }) => !sessionScopes.has(scope));
  const serverText = setText(sql, ofServer);
  const sessionText = setText(sql, ofSession);
  if (ofSession.length === 0) return runDdl(core, write);
  if (serverText === undefined || sessionText === undefined) {
    throw new LockstepError(
      'unsupported',
      'this SET is of the server and of the session at once; make two statements of it',
    );
  }
  const asStatement = (text: string): WriteRequest => ({
    ...asText(write, text),
    statement: core.analyse(text),
  });
  const answer = await runDdl(core, asStatement(serverText));
  if (answer.kind === 'held' && answer.reply.error) return answer;
  return runSet(core, asStatement(sessionText));
}

/** Throws for what is not understood of it. */
function readSet(core: SessionCore, sql: string): SetAssignment[] {
  const assignments = parseSet(sql, core.lexMode);
  refuseUnread(core, sql, assignments);
  refuseOracleMode(core, assignments);
  return assignments;
}

/** Returns the user variables that functions set. Throws for what cannot be carried. */
async function checkSet(
  core: SessionCore,
  statement: Statement,
  assignments: readonly SetAssignment[],
): Promise<readonly string[]> {
  for (const { scope, name, literal } of assignments) {
    const reason = scope === 'session' ? refusedVariables.get(name) : undefined;
    if (reason !== undefined && literal?.toUpperCase() !== 'AUTOMATIC') {
      throw new LockstepError(
        'unsupported',
        `SET ${name} ${reason}; set it in the configuration of every server, to the same value`,
      );
    }
    if (
      scope === 'session' &&
      name === 'completion_type' &&
      !/^(0|NO_CHAIN)$/i.test(literal ?? '')
    ) {
      throw new LockstepError(
        'unsupported',
        'SET completion_type would begin transactions by itself; say COMMIT AND CHAIN instead',
      );
    }
  }
  if (statement.usesSequence) throw setFromSequence();
  const programs = await calledPrograms(core, statement);
  if (!programs.write) return programs.assigned;
  throw new LockstepError(
    'unsafe_statement',
    'SET calls a function that writes, which would write on one node only; ' +
      'SELECT the function, then SET the variable to its result',
  );
}

function setOnNode(
  core: SessionCore,
  sql: string,
  { statement, request }: WriteRequest,
  assignments: readonly SetAssignment[],
  alsoSet: readonly string[],
  asked?: (connection: NodeConnection) => Promise<void>,
): Promise<Answer> {
  const targets = assignments.filter(
    ({ scope, name }) => scope === 'user_variable' && name !== autocommitHolder,
  );
  return executeAndReadBack(core, statement, request, {
    assigned: [...targets.map(({ name }) => name), ...alsoSet],
    after: async (connection) => {
      await readBackSet(core, connection, sql, assignments);
      await asked?.(connection);
    },
    failed: (connection, errno) => readBackFailedSet(core, connection, assignments, errno),
  });
}

interface ReadBack {
  /** User variables that it may set, also when it fails half-way. */
  readonly assigned: readonly string[];
  /** Finds out what else has changed. */
  readonly after?: (connection: NodeConnection) => Promise<void>;
  /** The same behind an error. */
  readonly failed?: (connection: NodeConnection, errno: number) => Promise<void>;
  readonly schema?: string;
  /** What the node gets that asks for a file. */
  readonly infile?: Infile | undefined;
}

/** Runs a statement that changes session state, then carries what it has come to. */
export async function executeAndReadBack(
  core: SessionCore,
  statement: Statement | undefined,
  request: NodeRequest,
  { assigned, after, failed, schema, infile }: ReadBack,
): Promise<Answer> {
  const carry = async (connection: NodeConnection): Promise<void> => {
    await readBackUserVariables(core, connection, assigned);
    noteCarried(connection, core.state.carried);
  };
  const options = {
    statement,
    schema,
    infile,
    leader: false,
    stream: false,
    after: async (connection: NodeConnection) => {
      await after?.(connection);
      await carry(connection);
    },
    ...((assigned.length > 0 || failed) && {
      afterError: async (connection: NodeConnection, errno: number) => {
        await failed?.(connection, errno);
        await carry(connection);
      },
    }),
  };
  return core.transaction
    ? readInTransaction(core, core.transaction, request, options)
    : read(core, request, options);
}
