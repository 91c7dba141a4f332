import { LockstepError } from '../base/errors.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import { CommandByte } from '../protocol/commands.ts';
import { fromCharset, inCharset } from '../sql/name-charset.ts';
import { planStatement } from '../routing/plan.ts';
import { type Answer, okAnswer } from './answer.ts';
import { planCall, tellKeptRows } from './call-path.ts';
import { channelStatusQuery } from './channel-status.ts';
import { calledPrograms, refuseSequence } from './called-programs.ts';
import { noteInsertIdOn } from './carry-state.ts';
import { runDdl } from './ddl-path.ts';
import { runKill } from './kill-path.ts';
import { type AskForFile, planLoad } from './load-path.ts';
import { runGlobalLock } from './global-locks.ts';
import { watchConditions } from './lock-conditions.ts';
import {
  commitAndRelease,
  heedLocks,
  lockTables,
  meetsLocks,
  unlockTables,
} from './lock-tables.ts';
import { tellHolders } from './lock-holders.ts';
import { begins } from './meets-engine.ts';
import { type NodeRequest, plainRequest } from './node-request.ts';
import { asksForProcessList, processListQuery } from './process-list.ts';
import { read, type ReadOptions } from './read-path.ts';
import { ensureTransaction } from './implicit-transaction.ts';
import { infileOf } from './receive-file.ts';
import { runBulk } from './run-bulk.ts';
import type { SessionCore } from './session-core.ts';
import { shownText } from './shown-text.ts';
import { showsVariables, tellVariables } from './shown-variables.ts';
import { executeAndReadBack, runServerSet, runSet } from './set-path.ts';
import { noteTemporaryTables, onlyTemporary, warnOfKept } from './temporary-tables.ts';
import { runPreparedText } from './text-prepare.ts';
import { untilWritable } from './until-writable.ts';
import { writesNowhere } from './unwritable.ts';
import {
  commitTransaction,
  endByStatement,
  openTransaction,
  readInTransaction,
  savepoint,
  writeInTransaction,
} from './transaction-path.ts';
import { writeAutocommit } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

export interface RunOptions {
  /** The answer may be forwarded as it comes. */
  readonly stream: boolean;
  readonly askForFile?: AskForFile;
}

const query = (sql: string): NodeRequest =>
  plainRequest(commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1')));

/** Runs one statement of a client, whichever way it came. */
export async function runStatement(
  core: SessionCore,
  write: WriteRequest,
  options: RunOptions,
): Promise<Answer> {
  const { statement, request } = write;
  const plan = planStatement(statement);
  if (meetsLocks(core)) await heedLocks(core, statement);
  switch (plan.kind) {
    case 'read':
    case 'leader_read':
      return runRead(core, write, { ...options, leader: plan.kind === 'leader_read' });
    case 'write':
      return write.bulk
        ? runBulk(core, write, write.bulk, (part) => runWrite(core, part))
        : runWrite(core, write);
    case 'ddl':
      await commitTransaction(core);
      if (onlyTemporary(core, statement)) {
        return runPinned(core, write, 'temporary table', options);
      }
      // Nothing is logged now, and what it empties on one node it changes on none.
      if (core.globalReadLock && statement.verb === 'FLUSH') {
        return read(core, request, { statement, leader: true, stream: false });
      }
      await untilWritable(core);
      return statement.verb === 'SET' ? runServerSet(core, write) : runDdl(core, write);
    case 'pin':
      return runPinned(core, write, plan.reason, options);
    case 'begin':
      await commitAndRelease(core);
      return openTransaction(core, request, write);
    case 'commit':
    case 'rollback':
      return endByStatement(core, statement);
    case 'savepoint':
    case 'rollback_to_savepoint':
    case 'release_savepoint':
      return runSavepoint(core, write);
    case 'set':
      return runSessionSet(core, write);
    case 'use':
      return useAsStatement(core, statement.schema ?? '');
    case 'call':
      return runCall(core, write);
    case 'load':
      return runLoad(core, write, options);
    case 'lock_tables':
      return runLockTables(core, write.sql);
    case 'unlock_tables':
      return unlockTables(core);
    case 'global_lock':
      return runGlobalLock(core, plan.action, write.sql);
    case 'kill':
      return runKill(core, write.sql);
    case 'prepared_text':
      return runPreparedText(core, write.sql, (executed) => {
        core.watch.means(executed.statement, executed.sql);
        core.diagnostics.means(executed.statement, core.lexMode.flavor);
        return runStatement(core, executed, options);
      });
    case 'empty':
      // Servers answer a comment with OK (seen on both).
      if (/[^\s;]/.test(write.sql)) return okAnswer;
      throw refused(core, 'empty_query', 'Query was empty', write);
    case 'refuse':
      throw refused(core, plan.code, plan.message, write);
  }
}

function refused(
  core: SessionCore,
  reason: LockstepError['code'],
  message: string,
  { sql, statement }: WriteRequest,
): LockstepError {
  const { counters, events, statistics } = core.context;
  const shown = shownText(core, statement, sql);
  counters.refused(reason);
  events.publish({ kind: 'refused_statement', reason: message, sql: shown.slice(0, 500) });
  const { user } = core.account;
  statistics.refused.add(statement.normalised, { sql: shown, user, reason, message });
  return new LockstepError(reason, message);
}

async function runRead(
  core: SessionCore,
  write: WriteRequest,
  options: RunOptions & { leader: boolean; generatesId?: boolean },
): Promise<Answer> {
  const { statement } = write;
  refuseSequence(statement);
  const request = await requestOf(core, write);
  if (begins(core, statement)) await ensureTransaction(core);
  const cursor = write.cursor?.sql === write.sql ? write.cursor : undefined;
  const programs = await calledPrograms(core, statement, cursor !== undefined);
  if (programs.readTables) await ensureTransaction(core);
  if (programs.write) return runCallingWriter(core, write);
  const assigned = [...statement.userVariablesAssigned, ...programs.assigned];
  const setsId =
    options.generatesId === true ||
    programs.mayChangeInsertId ||
    (setsLastInsertId.test(write.sql) && statement.functions.has('LAST_INSERT_ID'));
  const infile = write.file && infileOf(core, write.file);
  if (assigned.length > 0 || setsId) {
    const after = (connection: NodeConnection) => readBackLastInsertId(core, connection);
    const back = { assigned, infile, ...(setsId && { after }) };
    return executeAndReadBack(core, statement, request, back);
  }
  const readOptions: ReadOptions = {
    statement,
    leader: options.leader,
    stream: options.stream && !showsVariables(statement),
    infile,
  };
  if (cursor) return cursor.begin(readOptions);
  const answer = core.transaction
    ? await readInTransaction(core, core.transaction, request, readOptions)
    : await read(core, request, readOptions);
  if (showsVariables(statement)) tellVariables(core, answer, request.binary);
  return answer;
}

const setsLastInsertId = /LAST_INSERT_ID\s*\(\s*[^\s)]/i;

async function readBackLastInsertId(core: SessionCore, connection: NodeConnection): Promise<void> {
  const [row] = await queryRows(connection, 'SELECT LAST_INSERT_ID() AS id LIMIT 1');
  core.lastInsertId = row?.['id'] ?? '0';
  noteInsertIdOn(connection, core.lastInsertId);
}

/** SHOW PROCESSLIST is of Lockstep's sessions, not of a node's connections; so is what they use. */
async function requestOf(core: SessionCore, { sql, statement, request }: WriteRequest) {
  // A prepared one would have to be answered in rows of the binary protocol.
  if (request.before || !/^SHOW (?:FULL|PROCESSLIST|STATUS|SESSION)$/.test(statement.verb)) {
    return request;
  }
  const asked = asksForProcessList(sql);
  if (asked) return query(await processListQuery(core, asked.full));
  const channel = channelStatusQuery(sql, core.client);
  return channel === undefined ? request : query(channel);
}

/** A SELECT that calls a stored function which writes is a write. */
async function runCallingWriter(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const { kind, verb, userVariablesAssigned } = write.statement;
  if (kind !== 'read') {
    throw new LockstepError(
      'unsafe_statement',
      `${verb} of a temporary table calls a function that writes, which would write on one node ` +
        'only; SELECT the function first, into a user variable',
    );
  }
  if (userVariablesAssigned.length === 0) {
    const parameters = write.readParameters?.() ?? write.parameters;
    // Whatever it was bound to and prepared under, every node is to run the same text.
    return runWrite(core, { ...write, parameters, needsLiterals: true });
  }
  throw new LockstepError(
    'unsafe_statement',
    'a SELECT that calls a function which writes cannot assign user variables; ' +
      'SELECT the function, then SET the variable to its result',
  );
}

async function runCall(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const plan = await orRefused(core, write, () => planCall(core, write));
  if (plan.kind === 'write') return runWrite(core, plan.write);
  const { rowCount } = core.diagnostics;
  if (plan.readsTables) await ensureTransaction(core);
  const answer = await executeAndReadBack(core, write.statement, write.request, plan);
  return plan.keepsRowCount ? tellKeptRows(core, answer, rowCount) : answer;
}

async function runWrite(core: SessionCore, write: WriteRequest): Promise<Answer> {
  return orRefused(core, write, async () => {
    if (onlyTemporary(core, write.statement)) {
      return runRead(core, write, { stream: false, leader: true, generatesId: true });
    }
    if (writesNowhere(core, write.statement)) {
      return runRead(core, write, { stream: false, leader: true });
    }
    await untilWritable(core);
    await ensureTransaction(core);
    return core.transaction
      ? writeInTransaction(core, core.transaction, write)
      : writeAutocommit(core, write);
  });
}

async function runLoad(
  core: SessionCore,
  write: WriteRequest,
  { askForFile }: RunOptions,
): Promise<Answer> {
  return orRefused(core, write, async () => {
    const logged = !onlyTemporary(core, write.statement);
    if (logged) await untilWritable(core);
    await ensureTransaction(core);
    const plan = await planLoad(core, write, { askForFile, logged });
    return plan.kind === 'refused' ? plan.answer : runWrite(core, plan.write);
  });
}

/** Refusals of unsafe statements are counted and told. */
async function orRefused<T>(
  core: SessionCore,
  write: WriteRequest,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'unsafe_statement') {
      throw refused(core, error.code, error.message, write);
    }
    throw error;
  }
}

/** Takes a connection to the leader for this session alone. */
async function pinToLeader(core: SessionCore, reason: string): Promise<void> {
  if (core.pinned) return;
  const { replicator, config } = core.context;
  const leadership = await replicator.beginTerm(config.noNodeTimeoutMs);
  const transaction = core.transaction;
  const node = transaction?.node ?? core.node(leadership.name);
  const connection = transaction?.lane.connection ?? (await core.takeConnection(node));
  core.pin({ node, connection, leadership, reason });
}

async function runSessionSet(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const { statement } = write;
  if (begins(core, statement)) await ensureTransaction(core);
  return statement.usesUserLock ? runLockingSet(core, write) : runSet(core, write);
}

/** With autocommit off the locks are held by a transaction. */
async function runLockTables(core: SessionCore, sql: string): Promise<Answer> {
  await lockTables(core, sql);
  await ensureTransaction(core);
  return okAnswer;
}

/** SET @got = GET_LOCK(…). */
async function runLockingSet(core: SessionCore, write: WriteRequest): Promise<Answer> {
  await pinToLeader(core, 'user-level lock');
  const settle = await watchConditions(core);
  const answer = await runSet(core, tellHolders(core, write));
  await settle();
  core.userLocks.note(write.sql, core.lexMode);
  await unpinIfFree(core);
  return answer;
}

/** Runs the statement on a connection to the leader that this session has for itself. */
async function runPinned(
  core: SessionCore,
  write: WriteRequest,
  reason: string,
  options: RunOptions,
): Promise<Answer> {
  const { statement } = write;
  await pinToLeader(core, reason);
  const settle = statement.usesUserLock ? await watchConditions(core) : undefined;
  const asked = statement.usesUserLock ? tellHolders(core, write) : write;
  const answer = await runRead(core, asked, { ...options, leader: true }).catch(
    async (error: unknown) => {
      await unpinIfFree(core);
      throw error;
    },
  );
  await settle?.();
  noteTemporaryTables(core, statement, answer);
  if (statement.usesUserLock) core.userLocks.note(write.sql, core.lexMode);
  await unpinIfFree(core);
  return answer;
}

/** Gives the connection back as soon as no temporary table and no lock is held there. */
async function unpinIfFree(core: SessionCore): Promise<void> {
  const { pinned } = core;
  if (!pinned || core.temporaryTables.size > 0 || pinned.connection.lost) return;
  core.diagnostics.read();
  try {
    if (!(await core.userLocks.held(pinned.connection))) core.unpin();
  } catch (error) {
    // The client has its answer; the next statement hears of a connection that is gone.
    if (!pinned.connection.lost) throw error;
  }
}

async function runSavepoint(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const { transaction } = core;
  if (transaction) {
    const answer = await savepoint(core, transaction, write.statement, write.request);
    return warnOfKept(core, write.statement, answer);
  }
  if (!core.autocommit) {
    core.savepoints.run(write.statement);
    return warnOfKept(core, write.statement, okAnswer);
  }
  // Outside a transaction a server forgets a savepoint at once, and misses one it is asked for.
  return read(core, write.request, { statement: write.statement, leader: true, stream: false });
}

async function useAsStatement(core: SessionCore, schema: string): Promise<Answer> {
  const answer = await useSchema(core, inCharset(schema, core.lexMode.charset));
  return answer.kind === 'ok' ? okAnswer : answer;
}

/**
 * USE and COM_INIT_DB: a node says whether the schema is there. `written` is its name in the
 * client's character set.
 */
export async function useSchema(core: SessionCore, written: string): Promise<Answer> {
  const packet = commandPacket(CommandByte.INIT_DB, Buffer.from(written, 'latin1'));
  const schema = fromCharset(written, core.lexMode.charset);
  const after = (): Promise<void> => {
    core.state.useSchema(schema);
    core.tracker?.usedSchema(schema);
    return Promise.resolve();
  };
  const request = plainRequest(packet, 'simple');
  core.diagnostics.read();
  const answer = await executeAndReadBack(core, undefined, request, {
    assigned: [],
    after,
    schema,
  });
  if (answer.kind === 'held' && answer.reply.error) return answer;
  await core.diagnostics.conditions();
  // What the statement before raised, not what the connection has.
  const warnings = core.lexMode.flavor === 'mysql' ? core.diagnostics.raised : 0;
  return { kind: 'ok', ok: { warnings } };
}
