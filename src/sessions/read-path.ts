import { asError } from '../base/as-error.ts';
import type { NodeName } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import {
  NodeConnectionLostError,
  type NodeConnection,
  commandPacket,
} from '../nodes/node-connection.ts';
import type { Infile } from '../nodes/infile.ts';
import { NodeRefusedError } from '../nodes/client-handshake.ts';
import type { Node } from '../nodes/node.ts';
import { queryRows } from '../nodes/query-rows.ts';
import { CommandByte } from '../protocol/commands.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import { MetadataFilter } from '../protocol/metadata-filter.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { Statement } from '../sql/statement.ts';
import { type Answer, SessionBroken } from './answer.ts';
import { mustBeWatched } from './called-programs.ts';
import {
  holdsOtherInsertId,
  noteInsertIdOn,
  noteUsed,
  PreludeOutcome,
  sendState,
  stateRefused,
} from './carry-state.ts';
import { foundRowsAfter } from './found-rows.ts';
import { HeldReply } from './held-reply.ts';
import { knownOf } from './known-quick.ts';
import type { NodeRequest } from './node-request.ts';
import { acknowledgedBefore, noteSeen, untilLeaderShows } from './read-consistency.ts';
import { answersAtOnce, mayServe } from './read-place.ts';
import type { SessionCore } from './session-core.ts';
import { StreamReply, type StreamOutcome } from './stream-reply.ts';

export interface ReadOptions {
  readonly statement: Statement | undefined;
  /** Only the leader will do. */
  readonly leader: boolean;
  /** Where the command goes to: in which schema the connection is does not matter. */
  readonly schema?: string | undefined;
  /** Forward as it comes; else the answer is held. */
  readonly stream: boolean;
  /** Sum up what is forwarded. */
  readonly digest?: boolean;
  /** Runs on the same connection after a successful held answer, before it is given back. */
  readonly after?: (connection: NodeConnection) => Promise<void>;
  /** The same behind the server's error. */
  readonly afterError?: (connection: NodeConnection, errno: number) => Promise<void>;
  /** What the node gets that asks for a file. */
  readonly infile?: Infile | undefined;
  /** Asked of a streamed answer: true when the connection is kept, to be given back later. */
  readonly keep?: (statusFlags: number) => boolean;
}

type Attempt =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'lost_unseen'; readonly error: Error };

const waitForProgressMs = 50;

/**
 * A read: a node that is in sync, chosen by the strategy; if it fails before anything of the
 * answer has reached the client, another one.
 */
export async function read(
  core: SessionCore,
  request: NodeRequest,
  options: ReadOptions,
): Promise<Answer> {
  if (core.pinned) return readPinned(core, request, options);
  const { clock, config, router, counters } = core.context;
  const deadlineMs = clock.nowMs() + config.noNodeTimeoutMs;
  const failed = new Set<NodeName>();
  for (;;) {
    const node = await chooseNode(core, options.leader, failed, deadlineMs);
    const startedMs = clock.nowMs();
    router.started(node.name, startedMs);
    let attempt: Attempt | undefined;
    try {
      attempt = await readFrom(core, node, request, options);
    } finally {
      const nowMs = clock.nowMs();
      const answered = attempt?.kind === 'answered';
      router.finished(node.name, answered ? nowMs - startedMs : undefined, nowMs);
    }
    if (attempt.kind === 'answered') {
      noteSeen(core, node.name);
      core.route = { node: node.name };
      return attempt.answer;
    }
    counters.node(node.name).retries++;
    failed.add(node.name);
  }
}

/** Waits for a node that may serve, until the deadline; throws no_node. */
export async function chooseNode(
  core: SessionCore,
  leaderOnly: boolean,
  failed: Set<NodeName>,
  deadlineMs: number,
): Promise<Node> {
  const { clock, replicator, router, config } = core.context;
  const acknowledged = acknowledgedBefore(core);
  for (;;) {
    const eligible = (name: NodeName): boolean => {
      if (failed.has(name)) return false;
      if (leaderOnly && replicator.leadership?.name !== name) return false;
      return mayServe(core, name, acknowledged);
    };
    const atOnce = (name: NodeName): boolean => eligible(name) && answersAtOnce(core, name);
    const { chosen: before } = core;
    core.chosen = undefined;
    const chosen =
      before !== undefined && atOnce(before)
        ? before
        : (router.choose(atOnce) ?? router.choose(eligible));
    if (chosen !== undefined) return core.node(chosen);
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0) {
      throw new LockstepError(
        'no_node',
        `no node could serve the statement within ${config.noNodeTimeoutMs} ms`,
      );
    }
    failed.clear();
    await replicator.positionChanged(Math.min(leftMs, waitForProgressMs));
  }
}

async function readFrom(
  core: SessionCore,
  node: Node,
  request: NodeRequest,
  options: ReadOptions,
): Promise<Attempt> {
  let connection: NodeConnection;
  try {
    connection = await core.takeConnection(node, options.schema);
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    if (error instanceof NodeRefusedError && error.errno === 1045) {
      throw new LockstepError('access_denied', `node ${node.name}: ${error.message}`);
    }
    return { kind: 'lost_unseen', error: error as Error };
  }
  let kept = false;
  const watched = !options.keep && mustBeWatched(core, options.statement);
  try {
    if (watched) await queryRows(connection, 'START TRANSACTION READ ONLY');
    const attempt = await exchange(core, connection, request, options);
    if (attempt.kind === 'answered' && attempt.answer.kind === 'streamed') {
      kept = options.keep?.(attempt.answer.statusFlags) ?? false;
      const clean = !options.keep && !watched && attempt.answer.errno === undefined;
      if (clean) kept = keptForOthers(core, node, connection, options);
    }
    return attempt;
  } catch (error) {
    if (error instanceof NodeConnectionLostError) return { kind: 'lost_unseen', error };
    throw error;
  } finally {
    if (watched) await endWatch(core, connection);
    if (!kept) node.pool.give(connection);
  }
}

/** Where connections are scarce: else reads that could share it would wait for one each. */
function keptForOthers(
  core: SessionCore,
  node: Node,
  connection: NodeConnection,
  { statement }: ReadOptions,
): boolean {
  const quick = statement !== undefined && knownOf(statement).quick;
  return quick && !connection.lost && core.keepForPipeline(node, connection);
}

/** What the read has raised is asked for before. */
async function endWatch(core: SessionCore, connection: NodeConnection): Promise<void> {
  if (connection.lost) return;
  core.diagnostics.read();
  try {
    await queryRows(connection, 'COMMIT');
  } catch (error) {
    connection.destroy(asError(error));
  }
}

/** One exchange on one connection, session state included. Rejects when it is lost in between. */
export function exchange(
  core: SessionCore,
  connection: NodeConnection,
  request: NodeRequest,
  options: ReadOptions,
): Promise<Attempt> {
  return core.running.during(connection, () => converse(core, connection, request, options));
}

async function converse(
  core: SessionCore,
  connection: NodeConnection,
  request: NodeRequest,
  options: ReadOptions,
): Promise<Attempt> {
  const prelude: PreludeOutcome[] = [];
  let streamDone: (outcome: StreamOutcome) => void = () => {};
  const streamed = new Promise<StreamOutcome>((resolve) => {
    streamDone = resolve;
  });
  const stream = options.stream
    ? new StreamReply({
        status: core.status,
        changes: core.changes,
        valid: () => prelude.every((outcome) => outcome.error === undefined),
        digest: options.digest === true,
        filter: MetadataFilter.for(core.metadata, request.kind),
        done: streamDone,
      })
    : undefined;
  stream?.begin(core.client, connection);
  const held = new HeldReply(core.context.config.limits.resultBufferBytes, request.kind);
  if (request.before) {
    sendPrelude(core, connection, options, prelude);
    await request.before(connection);
  }
  connection.flushTogether(() => {
    if (!request.before) sendPrelude(core, connection, options, prelude);
    const packets = request.packetsFor(connection);
    connection.send(packets, request.kind, stream ?? held, options.infile);
  });
  if (stream) {
    const outcome = await streamed;
    if (outcome.kind === 'lost_midway') {
      throw new SessionBroken('a node was lost in the middle of its answer', {
        cause: outcome.error,
      });
    }
    if (outcome.kind === 'lost_unseen') return outcome;
    if (outcome.kind === 'invalid') throw stateRefused(connection, prelude);
    const { end, failed, digest } = outcome;
    if (options.statement?.usesRand) noteUsed(core, connection, 'rand_seed1', 'rand_seed2');
    if (end) noteDiagnostics(core, connection, end, options);
    const statusFlags = end?.statusFlags ?? 0;
    const rows = end?.rows ?? 0;
    const errno = end && failed ? decodeErr(end.payload).errno : undefined;
    const answer: Answer = { kind: 'streamed', failed, errno, rows, statusFlags, digest };
    return { kind: 'answered', answer };
  }
  await held.done;
  if (prelude.some((outcome) => outcome.error !== undefined)) {
    throw stateRefused(connection, prelude);
  }
  if (options.statement?.usesRand) noteUsed(core, connection, 'rand_seed1', 'rand_seed2');
  // What the connection has from before is not the session's.
  if (request.kind === 'simple' && held.end) {
    await core.diagnostics.noteInitDb(held.end, core.lexMode.flavor);
  } else if (held.end) noteDiagnostics(core, connection, held.end, options);
  if (held.error) await options.afterError?.(connection, held.error.errno);
  else await options.after?.(connection);
  return { kind: 'answered', answer: { kind: 'held', reply: held } };
}

function noteDiagnostics(
  core: SessionCore,
  connection: NodeConnection,
  end: Terminal,
  { statement, after }: ReadOptions,
): void {
  const { diagnostics } = core;
  const found = foundRowsAfter(statement, end, core.lexMode.flavor);
  const asks = found.kind === 'asked';
  diagnostics.note(end, connection, found);
  // What comes next on the connection would make them void.
  if (after || asks) diagnostics.read();
  if (asks) diagnostics.readFoundRows(connection);
}

/** It is read back behind these; a write here is one to a temporary table. */
const ofItsOwn: ReadonlySet<Statement['kind']> = new Set(['call', 'write']);

function sendPrelude(
  core: SessionCore,
  connection: NodeConnection,
  { statement, schema }: ReadOptions,
  outcomes: PreludeOutcome[],
): void {
  const { carried: state } = core.state;
  const carried = sendState(connection, state, { leaves: schema !== undefined });
  if (carried) outcomes.push(carried);
  const mayAsk =
    statement !== undefined &&
    (statement.usesLastInsertId || statement.hasUnknownFunction || ofItsOwn.has(statement.kind));
  if (!mayAsk && !holdsOtherInsertId(connection, core.lastInsertId)) return;
  noteInsertIdOn(connection, core.lastInsertId);
  const outcome = new PreludeOutcome();
  outcomes.push(outcome);
  const text = Buffer.from(`SET last_insert_id=${core.lastInsertId}`, 'latin1');
  connection.send(commandPacket(CommandByte.QUERY, text), 'query', outcome);
}

async function readPinned(
  core: SessionCore,
  request: NodeRequest,
  options: ReadOptions,
): Promise<Answer> {
  const pinned = core.pinned;
  if (!pinned) throw new LockstepError('internal', 'the session is not pinned');
  await untilLeaderShows(core, pinned.leadership);
  const attempt = await exchange(core, pinned.connection, request, options);
  if (attempt.kind === 'lost_unseen') {
    core.checkPinned();
    throw attempt.error;
  }
  noteSeen(core, pinned.node.name);
  core.route = { node: pinned.node.name };
  return attempt.answer;
}
