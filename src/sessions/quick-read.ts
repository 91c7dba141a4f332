import { asError } from '../base/as-error.ts';
import type { NodeName, Seq } from '../base/brands.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import { isPlainRead } from '../sql/plain-read.ts';
import type { Statement } from '../sql/statement.ts';
import { SessionBroken } from './answer.ts';
import { holdsOtherInsertId } from './carry-state.ts';
import { meetsLocks } from './lock-tables.ts';
import { acknowledgedBefore, noteSeen } from './read-consistency.ts';
import { answersAtOnce, mayServe } from './read-place.ts';
import type { SessionCore } from './session-core.ts';
import { StreamReply, type StreamOutcome } from './stream-reply.ts';
import { trackingOf } from './tracking.ts';
import { isAsSession } from './transaction-characteristics.ts';

/** How a quick read ended. */
export type QuickEnd =
  | { readonly kind: 'answered'; readonly rows: number; readonly errno: number | undefined }
  /** Nothing has reached the client: it is to be run the long way. */
  | { readonly kind: 'again' }
  | { readonly kind: 'broken'; readonly error: Error };

const again: QuickEnd = { kind: 'again' };

const broken = (cause: unknown): QuickEnd => ({
  kind: 'broken',
  error: new SessionBroken('a node was lost in the middle of its answer', { cause }),
});

/** What is sent, or what makes it; undefined where something has to be done before. */
export type QuickPacket = Buffer | ((connection: NodeConnection) => Buffer | undefined);

const packetFor = (packet: QuickPacket, connection: NodeConnection): Buffer | undefined =>
  Buffer.isBuffer(packet) ? packet : packet(connection);

/** Whether a statement may be one, by its text; asked once for each. */
const quickStatements = new WeakMap<Statement, boolean>();

function isQuick(statement: Statement): boolean {
  const known = quickStatements.get(statement);
  if (known !== undefined) return known;
  const quick = isPlainRead(statement) && statement.tables.length > 0;
  quickStatements.set(statement, quick);
  return quick;
}

/**
 * The read that most statements are: a SELECT of tables outside a transaction, in a session that
 * holds nothing, while a node is free and has a connection that is as the session is. It does what
 * `runNoted` and `read` do, in their order, without a promise or a closure for it; whatever is not
 * as usual is left to them. One object for all of a session's, which come one after another.
 */
export class QuickRead {
  readonly #core: SessionCore;
  readonly #onEnd: (end: QuickEnd) => void;
  readonly #reply: StreamReply;
  #node: Node | undefined;
  #connection: NodeConnection | undefined;
  #acknowledged: Seq | undefined;
  #startedMs = 0;
  readonly #mayServe = (name: NodeName): boolean => mayServe(this.#core, name, this.#acknowledged);
  readonly #atOnce = (name: NodeName): boolean =>
    this.#mayServe(name) && answersAtOnce(this.#core, name);

  /** `onEnd` is called once for each that was begun. */
  constructor(core: SessionCore, onEnd: (end: QuickEnd) => void) {
    this.#core = core;
    this.#onEnd = onEnd;
    this.#reply = new StreamReply({
      status: { inTransaction: false, autocommit: true, moreResults: false },
      changes: core.changes,
      valid: () => true,
      digest: false,
      filter: undefined,
      done: (outcome) => this.#done(outcome),
    });
  }

  /**
   * False when it takes the long way. Nothing has happened then, but that a node may be chosen
   * already, whose turn it is.
   */
  begin(statement: Statement, sql: string, packet: QuickPacket): boolean {
    if (!isQuick(statement) || !this.#sessionIsFree()) return false;
    const core = this.#core;
    this.#acknowledged = acknowledgedBefore(core);
    const { router, nodes } = core.context;
    const name = router.choose(this.#atOnce);
    const node = name === undefined ? undefined : nodes.get(name);
    if (!node) return false;
    // What the statement before left on a connection is void before somebody reads it there.
    core.diagnostics.begin(statement, core.lexMode.flavor);
    const connection = core.tryTakeConnection(node, this.#usable);
    if (!connection) {
      core.chosen = node.name;
      return false;
    }
    let begun = false;
    try {
      const bytes = packetFor(packet, connection);
      if (!bytes || !core.running.start(connection)) return false;
      begun = true;
      this.#send(node, connection, bytes, { statement, sql });
      return true;
    } finally {
      if (!begun) {
        core.chosen = node.name;
        node.pool.give(connection);
      }
    }
  }

  #send(
    node: Node,
    connection: NodeConnection,
    bytes: Buffer,
    watched: { readonly statement: Statement; readonly sql: string },
  ): void {
    const core = this.#core;
    const { router, clock } = core.context;
    core.watch.begin(watched);
    this.#node = node;
    this.#connection = connection;
    this.#startedMs = clock.nowMs();
    router.started(node.name);
    this.#reply.begin(core.client, connection);
    connection.send(bytes, 'query', this.#reply);
  }

  /** It is as the session is: nothing has to be set there first. */
  readonly #usable = (connection: NodeConnection): boolean => {
    const { state, lastInsertId } = this.#core;
    return (
      connection.stateKey === state.carried.key && !holdsOtherInsertId(connection, lastInsertId)
    );
  };

  #sessionIsFree(): boolean {
    const core = this.#core;
    return (
      core.autocommit &&
      !core.transaction &&
      !core.pinned &&
      isAsSession(core.characteristics) &&
      core.loadFiles.length === 0 &&
      !core.metadata &&
      !core.context.tracer &&
      !meetsLocks(core) &&
      (!core.tracker || trackingOf(core).transaction === 'off')
    );
  }

  #done(outcome: StreamOutcome): void {
    const connection = this.#connection;
    if (!connection) return;
    if (outcome.kind === 'lost_unseen' && this.#node) {
      this.#core.context.counters.node(this.#node.name).retries++;
    }
    const end = this.#endOf(outcome, connection);
    const interrupted = this.#core.running.finish();
    if (interrupted) void interrupted.then(() => this.#settle(end));
    else this.#settle(end);
  }

  #settle(end: QuickEnd): void {
    const core = this.#core;
    const node = this.#node;
    const connection = this.#connection;
    if (!node || !connection) return;
    this.#node = undefined;
    this.#connection = undefined;
    node.pool.give(connection);
    const failed = end.kind !== 'answered';
    core.context.router.finished(node.name, { startedMs: this.#startedMs, failed });
    if (!failed) {
      noteSeen(core, node.name);
      core.route = { node: node.name };
      core.watch.endStreamed(end.rows, end.errno);
    }
    this.#onEnd(end);
  }

  #endOf(outcome: StreamOutcome, connection: NodeConnection): QuickEnd {
    switch (outcome.kind) {
      case 'complete': {
        const { end, failed } = outcome;
        try {
          if (end) this.#core.diagnostics.note(end, connection);
          const errno = end && failed ? decodeErr(end.payload).errno : undefined;
          return { kind: 'answered', rows: end?.rows ?? 0, errno };
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
