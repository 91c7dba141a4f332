import { asError } from '../base/as-error.ts';
import type { NodeName, Seq } from '../base/brands.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import type { ReadPipeline } from '../nodes/read-pipeline.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { Statement } from '../sql/statement.ts';
import { SessionBroken } from './answer.ts';
import { holdsOtherInsertId } from './carry-state.ts';
import type { CachedReads, Keeping } from './cache/cached-reads.ts';
import { holdsNothing } from './holds-nothing.ts';
import { type KnownQuick, knownOf } from './known-quick.ts';
import { type PipelinedEnd, PipelinedReply } from './pipelined-reply.ts';
import { acknowledgedBefore, noteSeen } from './read-consistency.ts';
import { answersAtOnce, mayServe } from './read-place.ts';
import { interruptedError } from './running-statement.ts';
import type { SessionCore } from './session-core.ts';
import { StreamReply, type StreamOutcome } from './stream-reply.ts';

/** How a quick read ended. */
export type QuickEnd =
  | { readonly kind: 'answered'; readonly rows: number; readonly errno: number | undefined }
  /** Nothing has reached the client: it is to be run the long way. */
  | { readonly kind: 'again' }
  /** The client is told this, or is sent away. */
  | { readonly kind: 'failed'; readonly error: Error };

const again: QuickEnd = { kind: 'again' };

const broken = (cause: unknown): QuickEnd => ({
  kind: 'failed',
  error: new SessionBroken('a node was lost in the middle of its answer', { cause }),
});

/** What is sent, or what makes it; undefined where something has to be done before. */
export type QuickPacket = Buffer | ((connection: NodeConnection) => Buffer | undefined);

/** Outside a transaction. */
const status = { inTransaction: false, autocommit: true, moreResults: false };

/**
 * The read that most statements are: a SELECT of tables outside a transaction, in a session that
 * holds nothing, while a node is free and has a connection that is as the session is. It does what
 * `runNoted` and `read` do, in their order, without a promise or a closure for it; whatever is not
 * as usual is left to them. One object for all of a session's, which come one after another.
 *
 * Of those that are known to be quick, several sessions' are under way on one connection at once.
 */
export class QuickRead {
  readonly #core: SessionCore;
  readonly #cached: CachedReads;
  readonly #onEnd: (end: QuickEnd) => void;
  readonly #reply: StreamReply;
  /** Of the read under way, or to come, on a connection that others use. */
  #pipelined: PipelinedReply | undefined;
  #known: KnownQuick | undefined;
  #node: Node | undefined;
  #connection: NodeConnection | undefined;
  /** Of the connection, while others use it too. */
  #pipeline: ReadPipeline | undefined;
  #packet: QuickPacket | undefined;
  /** What is to be sent on the connection that was found ready last. */
  #bytes: Buffer | undefined;
  /** The answer is to be kept. */
  #keeping: Keeping | undefined;
  #acknowledged: Seq | undefined;
  #startedMs = 0;
  readonly #mayServe = (name: NodeName): boolean => mayServe(this.#core, name, this.#acknowledged);
  readonly #atOnce = (name: NodeName): boolean =>
    this.#mayServe(name) &&
    answersAtOnce(this.#core, name, this.#known?.quick ? this.#ready : undefined);

  /** `onEnd` is called once for each that was begun. */
  constructor(core: SessionCore, cached: CachedReads, onEnd: (end: QuickEnd) => void) {
    this.#core = core;
    this.#cached = cached;
    this.#onEnd = onEnd;
    this.#reply = new StreamReply({
      status,
      changes: core.changes,
      digest: false,
      filter: undefined,
      done: (outcome) => this.#done(outcome),
    });
  }

  #newPipelined(): PipelinedReply {
    return new PipelinedReply({
      status,
      changes: this.#core.changes,
      onSlow: () => this.#known?.wasSlow(),
      done: (end) => this.#pipelinedDone(end),
    });
  }

  /**
   * False when it takes the long way. Nothing has happened then, but that a node may be chosen
   * already, whose turn it is.
   */
  begin(statement: Statement, sql: string, packet: QuickPacket): boolean {
    const core = this.#core;
    const known = knownOf(statement);
    if (!known.plain || !core.running.mayStart || !holdsNothing(core)) return false;
    if (!core.context.viewed.onlyReads(statement, core.state.schema)) return false;
    this.#acknowledged = acknowledgedBefore(core);
    // Of a read before that came to nothing.
    core.chosen = undefined;
    const { router, nodes } = core.context;
    this.#known = known;
    this.#packet = packet;
    const name = router.choose(this.#atOnce);
    const node = name === undefined ? undefined : nodes.get(name);
    if (!node) {
      this.#packet = undefined;
      this.#bytes = undefined;
      return false;
    }
    // What the statement before left on a connection is void before somebody reads it there.
    core.diagnostics.begin(statement, core.lexMode.flavor);
    const pipeline = known.quick ? core.joinPipeline(node, this.#ready) : undefined;
    const connection = pipeline?.connection ?? core.tryTakeConnection(node, this.#ready);
    const bytes = this.#bytes;
    this.#packet = undefined;
    this.#bytes = undefined;
    if (!connection || !bytes) {
      core.chosen = node.name;
      return false;
    }
    const startedMs = core.context.clock.nowMs();
    core.watch.begin({ statement, sql }, startedMs);
    this.#node = node;
    this.#connection = connection;
    this.#pipeline = pipeline;
    this.#startedMs = startedMs;
    router.started(node.name, startedMs);
    this.#keeping = this.#cached.keeping(statement, sql, node);
    if (pipeline) {
      core.running.startShared(connection, this.#leave);
      pipeline.send(bytes, (this.#pipelined ??= this.#newPipelined()));
    } else {
      core.running.start(connection);
      this.#reply.begin(core.client, connection, this.#keeping?.copy);
      connection.send(bytes, 'query', this.#reply);
    }
    return true;
  }

  /** It is as the session is: nothing has to be set or prepared there first. */
  readonly #ready = (connection: NodeConnection): boolean => {
    const { state, lastInsertId } = this.#core;
    if (connection.stateKey !== state.carried.key || connection.clockStopped) return false;
    if (holdsOtherInsertId(connection, lastInsertId)) return false;
    const packet = this.#packet;
    const bytes = typeof packet === 'function' ? packet(connection) : packet;
    if (!bytes) return false;
    this.#bytes = bytes;
    return true;
  };

  #done(outcome: StreamOutcome): void {
    const core = this.#core;
    const connection = this.#connection;
    if (!connection) return;
    if (outcome.kind === 'lost_unseen') this.#countRetry();
    const end = this.#endOf(outcome, connection);
    if (end.kind === 'answered') {
      const crowd = this.#node ? core.context.router.active(this.#node.name) : 1;
      this.#known?.ran(core.context.clock.nowMs() - this.#startedMs, crowd);
    }
    const keeping = this.#keeping;
    if (keeping && outcome.kind === 'complete') this.#cached.keep(keeping, outcome.end);
    const interrupted = core.running.finish();
    if (interrupted) void interrupted.then(() => this.#settle(end));
    else this.#settle(end);
  }

  #pipelinedDone(outcome: PipelinedEnd): void {
    const core = this.#core;
    core.running.finishShared();
    switch (outcome.kind) {
      case 'complete': {
        const { end, bytes } = outcome;
        this.#known?.shared();
        if (!core.client.destroyed) core.client.write(bytes);
        if (this.#keeping) {
          this.#keeping.copy.add(bytes);
          this.#cached.keep(this.#keeping, end);
        }
        return this.#settle(this.#noted(end, false, undefined));
      }
      case 'again':
        if (outcome.slow) this.#known?.wasSlow();
        // It is still this node's turn.
        core.chosen = this.#node?.name;
        break;
      case 'lost':
        this.#countRetry();
        break;
    }
    this.#pipelined = undefined;
    this.#settle(again);
  }

  /** Ended from outside, while its connection works for others too. */
  readonly #leave = (): void => {
    const pipeline = this.#pipeline;
    if (!pipeline) return;
    this.#pipelined?.abandon();
    this.#pipelined = undefined;
    pipeline.endUnwanted();
    this.#core.running.finishShared();
    this.#settle({ kind: 'failed', error: interruptedError() });
  };

  #countRetry(): void {
    if (this.#node) this.#core.context.counters.node(this.#node.name).retries++;
  }

  #settle(end: QuickEnd): void {
    const core = this.#core;
    const node = this.#node;
    const connection = this.#connection;
    if (!node || !connection) return;
    if (!this.#pipeline) this.#giveBack(node, connection, end);
    this.#node = undefined;
    this.#connection = undefined;
    this.#pipeline = undefined;
    this.#keeping = undefined;
    const nowMs = core.context.clock.nowMs();
    const answered = end.kind === 'answered';
    const tookMs = answered ? nowMs - this.#startedMs : undefined;
    core.context.router.finished(node.name, tookMs, nowMs);
    if (answered) {
      noteSeen(core, node.name);
      core.route = { node: node.name };
      core.watch.endStreamed(end.rows, end.errno, nowMs);
    }
    this.#onEnd(end);
  }

  #giveBack(node: Node, connection: NodeConnection, end: QuickEnd): void {
    const clean = end.kind === 'answered' && end.errno === undefined && !connection.lost;
    const kept = clean && this.#known?.quick && this.#core.keepForPipeline(node, connection);
    if (!kept) node.pool.give(connection);
  }

  #noted(
    end: Terminal | undefined,
    failed: boolean,
    connection: NodeConnection | undefined,
  ): QuickEnd {
    if (end) this.#core.diagnostics.note(end, connection);
    const errno = end && failed ? decodeErr(end.payload).errno : undefined;
    return { kind: 'answered', rows: end?.rows ?? 0, errno };
  }

  #endOf(outcome: StreamOutcome, connection: NodeConnection): QuickEnd {
    switch (outcome.kind) {
      case 'complete': {
        const { end, failed } = outcome;
        try {
          return this.#noted(end, failed, connection);
        } catch (error) {
          // What cannot be read has reached the client, who must not take it for an answer.
          connection.destroy(asError(error));
          return broken(error);
        }
      }
      case 'lost_midway':
        return broken(outcome.error);
      case 'lost_unseen':
      case 'invalid':
        return again;
    }
  }
}
