import { asError } from '../base/as-error.ts';
import { LockstepError } from '../base/errors.ts';
import { faultPoints } from '../base/fault-points.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeConnectionLostError } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { Command, Pins } from '../replication/command.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { KeyPremise } from '../replication/table-changes.ts';
import type { Answer } from './answer.ts';
import { changedBy } from './cache/written-tables.ts';
import { noteCarried, noteUsed } from './carry-state.ts';
import { changedNothing } from './changed-nothing.ts';
import { generatedId, IdsNotAloneError, objectionToIds } from './generated-ids.ts';
import { enterGate, enterSchemaGate } from './enter-gate.ts';
import { HeldReply } from './held-reply.ts';
import { LeaderRetry } from './leader-retry.ts';
import { type LaneResult, LeaderLane, RanAloneError } from './leader-lane.ts';
import { checkWrite, type WriteFacts } from './check-write.ts';
import { commitEntry } from './commit-entry.ts';
import {
  asText,
  type DeterminedWrite,
  determineWrite,
  flatten,
  positionsOf,
} from './determine-write.ts';
import { notLogged } from './not-logged.ts';
import { refuseTooLong } from './packet-limit.ts';
import { tellOneRecord } from './one-record.ts';
import { type LeaderPins, pinWrite, setVariablesRead } from './pin-write.ts';
import { noteTold } from './read-consistency.ts';
import { infileOf } from './receive-file.ts';
import { reconcileIds } from './reconcile-ids.ts';
import { ownCommand, repeatingCommand } from './repeating-command.ts';
import { tellRaised } from './select-for-write.ts';
import type { SessionCore } from './session-core.ts';
import { untilWritable } from './until-writable.ts';
import { metLater, type UpsertWatch, watchedRequest, watchOf } from './upsert-watch.ts';
import { keyedByUpsert, onlyInserted, presume } from './upserts.ts';
import { readUserVariables, restoreUserVariables, type UserVariables } from './user-variables.ts';
import type { WriteRequest } from './write-request.ts';

type Attempt =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** Nothing of it took effect: the next leader may run it. */
  | { readonly kind: 'again'; readonly error: Error }
  /** Nothing of it took effect: it is to be run with nothing beside it. */
  | { readonly kind: 'alone' }
  /** Nothing of it took effect: what was logged meanwhile broke what it took for granted. */
  | { readonly kind: 'overtaken' };

/** After so many it waits until nothing is logged beside it. */
const overtakenMax = 50;

/**
 * A write outside a transaction: it runs on the leader, is logged, committed and acknowledged
 * before the client hears of it. A leader that dies before the log has it costs the client
 * nothing: the next leader runs it.
 */
export async function writeAutocommit(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const { replicator, config, catalogue } = core.context;
  let { version } = catalogue;
  let facts = await checkWrite(core, write);
  const retry = new LeaderRetry(core);
  const before = core.snapshot;
  let alone = false;
  let overtaken = 0;
  for (;;) {
    const leadership = await replicator.beginTerm(config.noNodeTimeoutMs);
    const release =
      facts.reconcile.length > 0
        ? await enterSchemaGate(core)
        : await enterGate(core, alone || facts.alone);
    try {
      if (!replicator.isCurrent(leadership)) continue;
      if (catalogue.version !== version) {
        // A definition has changed while it waited.
        ({ version } = catalogue);
        facts = await checkWrite(core, write);
        continue;
      }
      const lost = await reconcileIds(core, leadership, facts.reconcile);
      if (lost) {
        await retry.pause(leadership, lost);
        continue;
      }
      const own = alone ? { ...facts, alone } : facts;
      const attempt = await attemptWrite(core, write, own, leadership);
      if (attempt.kind === 'answered') return attempt.answer;
      core.restore(before);
      if (attempt.kind === 'alone') {
        alone = true;
        continue;
      }
      if (attempt.kind === 'overtaken') {
        overtaken += 1;
        alone ||= overtaken > overtakenMax;
        continue;
      }
      core.context.counters.node(leadership.name).retries++;
      await retry.pause(leadership, attempt.error);
    } finally {
      release();
    }
  }
}

async function attemptWrite(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
  leadership: Leadership,
): Promise<Attempt> {
  const node = core.node(leadership.name);
  let connection: NodeConnection;
  try {
    await core.ensureMarkerRights(leadership);
    connection = core.pinned?.connection ?? (await core.takeConnection(node));
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    return { kind: 'again', error: asError(error) };
  }
  const lane = new LeaderLane(connection);
  try {
    return await writeOnLane(core, write, facts, { leadership, node, lane });
  } catch (error) {
    if (error instanceof NodeConnectionLostError) {
      core.checkPinned();
      return { kind: 'again', error };
    }
    if (error instanceof RanAloneError) core.context.onStranded(node.name, error.message);
    await lane.rollback();
    if (error instanceof IdsNotAloneError) return { kind: 'alone' };
    // What a procedure, or LOAD DATA, had set by then is not known.
    if (write.statement.kind !== 'write') connection.destroy(asError(error));
    throw error;
  } finally {
    if (connection !== core.pinned?.connection) node.pool.give(connection);
  }
}

async function writeOnLane(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
  place: { leadership: Leadership; node: Node; lane: LeaderLane },
): Promise<Attempt> {
  const { replicator, counters } = core.context;
  const { leadership, node, lane } = place;
  const executed = await execute(core, write, facts, { lane, node });
  if (faultPoints.armed) await faultPoints.reach('write.executed', node.name);
  if (executed.kind === 'refused' || executed.commands.length === 0) {
    noteTold(core, node.name);
    core.route = { node: node.name };
    takeVariables(core, lane, executed);
    await lane.rollback();
    return { kind: 'answered', answer: { kind: 'held', reply: executed.reply } };
  }
  while (replicator.gate.writes.held) await untilWritable(core);
  const { reply, premise } = executed;
  const outcome = await commitEntry(
    core,
    leadership,
    {
      kind: 'transaction',
      lastCommitted: replicator.lastCommitSent,
      commands: executed.commands,
      premise,
      ...changedBy(keyedByUpsert(core, write, facts, reply.ok), core.context.catalogue),
    },
    lane,
  );
  if (outcome.kind === 'committed') takeOver(core, lane, executed);
  else await restoreUserVariables(core, lane.connection, assignedBy(write, facts));
  switch (outcome.kind) {
    case 'committed':
      counters.node(node.name).writes++;
      core.horizon.wrote(outcome.seq);
      core.route = { node: node.name, seq: outcome.seq };
      return { kind: 'answered', answer: { kind: 'held', reply: executed.reply } };
    case 'aborted':
      if (outcome.overtaken) return { kind: 'overtaken' };
      return { kind: 'again', error: new Error(outcome.reason) };
    case 'not_logged':
      throw notLogged(outcome.error);
  }
}

export type Executed =
  /** `commands` repeat it; none if it changed nothing. */
  | {
      readonly kind: 'done';
      readonly reply: HeldReply;
      readonly commands: readonly Command[];
      /** What made the leader compute what it did. */
      readonly pins: Pins;
      /** What must still be so when it is logged. */
      readonly premise?: KeyPremise;
      /** What a CALL has set. */
      readonly variables: UserVariables | undefined;
    }
  /** The server's error; the reply carries it. */
  | { readonly kind: 'refused'; readonly reply: HeldReply; readonly premise?: undefined };

/** LOAD DATA leaves the last row's fields in the variables that it reads them into. */
const assignedBy = ({ statement }: WriteRequest, { effects }: WriteFacts): readonly string[] => [
  ...new Set([
    ...statement.userVariablesAssigned,
    ...effects.userVariablesAssigned,
    ...(statement.kind === 'load_data' ? statement.userVariablesRead : []),
  ]),
];

/** The session knows what it has no more, and takes over what was set. */
export function takeOver(core: SessionCore, lane: LeaderLane, executed: Executed): void {
  if (executed.kind !== 'done') return;
  const { connection } = lane;
  const { pins } = executed;
  if (pins.insertId !== undefined) noteUsed(core, connection, 'insert_id');
  if (pins.randSeed1 !== undefined) noteUsed(core, connection, 'rand_seed1', 'rand_seed2');
  takeVariables(core, lane, executed);
}

/** The session takes over what a CALL has set, and knows that the connection has it. */
function takeVariables(core: SessionCore, { connection }: LeaderLane, executed: Executed): void {
  if (executed.kind !== 'done' || !executed.variables) return;
  core.state.setUserVariables(executed.variables);
  noteCarried(connection, core.state.carried);
}

/**
 * Runs a write inside the lane's transaction and makes the commands that repeat it. `before`: the
 * pins of the time when a leader ran it that is lost since.
 */
export async function execute(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
  place: WritePlace,
): Promise<Executed> {
  const { connection } = place.lane;
  const premise = presume(core, facts);
  const watch = premise && watchOf(core, write, facts);
  const run = (): Promise<Executed> => executeOn(core, write, facts, { ...place, watch });
  const executed = await core.running.during(connection, run);
  if (!premise || executed.kind !== 'done' || executed.commands.length === 0) return executed;
  if (onlyInserted(core, write.statement, facts, executed.reply.ok)) return executed;
  return (await metLater(connection, watch)) ? { ...executed, premise } : executed;
}

interface WritePlace {
  readonly lane: LeaderLane;
  readonly node: Node;
  readonly before?: Pins | undefined;
  readonly watch?: UpsertWatch | undefined;
}

async function executeOn(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
  { lane, node, before, watch }: WritePlace,
): Promise<Executed> {
  const serverFacts = node.facts;
  if (!serverFacts) throw new LockstepError('internal', `nothing is known of node ${node.name}`);
  setVariablesRead(core, write.statement, facts);
  const { pins, leaderPins } = pinWrite(core, write.statement, facts, before);
  const determined = await determine(core, write, facts, { lane, leaderPins });
  refuseTooLong(core.context, determined.write);
  const reply = new HeldReply(core.context.config.limits.resultBufferBytes);
  const result = await lane.run(watchedRequest(core, determined.write, watch), reply, {
    state: core.state.carried,
    pins: leaderPins,
    askInsertId: facts.askInsertId,
    keepConditions: core.lexMode.flavor === 'mysql',
    infile: write.file && infileOf(core, write.file),
  });
  tellRaised(determined.raised, reply);
  tellOneRecord(write.statement, reply);
  const { raised } = determined;
  if (reply.end) noteWritten(core, lane.connection, reply.end, result.conditions, raised);
  const call = write.statement.kind === 'call';
  const assigns = call || write.statement.kind === 'load_data';
  if (reply.error) {
    if (assigns) await restoreUserVariables(core, lane.connection, assignedBy(write, facts));
    return { kind: 'refused', reply };
  }
  const generated = generatedId(facts, pins, reply, result);
  const objection = generated === undefined ? undefined : objectionToIds(core, write, facts);
  if (objection) {
    if (assigns) await restoreUserVariables(core, lane.connection, assignedBy(write, facts));
    throw objection;
  }
  noteInsertId(core, write, reply, generated);
  // A program's own ids would take the pin.
  const pinsId = generated !== undefined && facts.reconcile.length === 0 && !call;
  const allPins = pinsId ? { ...pins, insertId: generated } : pins;
  const done = (commands: readonly Command[], variables?: UserVariables): Executed => ({
    kind: 'done',
    reply,
    commands,
    pins: allPins,
    variables,
  });
  const context = core.state.commandContext(serverFacts);
  // Sequences have moved also where no row was met.
  const { logBefore, logOnly, changesNothing } = determined;
  const moved = logOnly ? await positionsOf(lane.connection, logBefore) : logBefore;
  const commands = moved.map((sql) => ownCommand(sql, context));
  if (changesNothing || logOnly) return done(commands);
  if (!changedNothing(write.statement, facts, allPins, reply)) {
    const { sql, parameters } = determined.write;
    const ran = { sql, parameters, context, pins: allPins, ok: reply.ok };
    commands.push(repeatingCommand(core, write, facts, ran));
  }
  if (!assigns) return done(commands);
  const assigned = assignedBy(write, facts);
  return done(commands, await readUserVariables(lane.connection, assigned, core.lexMode));
}

/** What the write raised is asked for ahead of what is sent next, which would clear it. */
function noteWritten(
  core: SessionCore,
  connection: NodeConnection,
  end: Terminal,
  conditions: LaneResult['conditions'],
  raised: DeterminedWrite['raised'],
): void {
  const { diagnostics } = core;
  if (conditions) diagnostics.noteAsked(end, conditions);
  else {
    diagnostics.note(end, connection);
    diagnostics.read();
  }
  diagnostics.precede(raised);
}

async function determine(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
  leader: { lane: LeaderLane; leaderPins: LeaderPins },
): Promise<DeterminedWrite> {
  if (facts.way === 'as_is') {
    const same = asLiterals(write) ? asText(write, flatten(write)) : write;
    return { write: same, changesNothing: false, logBefore: [], raised: [] };
  }
  const { lane, leaderPins } = leader;
  await lane.prepare({ state: core.state.carried, pins: leaderPins });
  return determineWrite(core, lane.connection, write, facts);
}

/** The leader gets literals as the followers do; but a CALL gives back what is bound. */
const asLiterals = ({ needsLiterals, outParameters }: WriteRequest): boolean =>
  needsLiterals === true && (outParameters?.size ?? 0) === 0;

function noteInsertId(
  core: SessionCore,
  { statement }: WriteRequest,
  reply: HeldReply,
  generated: string | undefined,
): void {
  if (generated !== undefined) core.lastInsertId = generated;
  // LAST_INSERT_ID(expr) sets it to a value that only the OK packet tells.
  else if (statement.usesLastInsertId && reply.ok && reply.ok.lastInsertId !== 0n) {
    core.lastInsertId = String(reply.ok.lastInsertId);
  }
}
