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

/** How a quick read ended. */
export type QuickEnd =
  | { readonly kind: 'answered' }
  /** Nothing has reached the client: it is to be run the long way. */
  | { readonly kind: 'again' }
  | { readonly kind: 'broken'; readonly error: Error };

const answered: QuickEnd = { kind: 'answered' };
const again: QuickEnd = { kind: 'again' };

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

  /** False when it takes the long way; nothing has happened then. */
  begin(statement: Statement, sql: string, packet: QuickPacket): boolean {
    if (!isQuick(statement) || !this.#sessionIsFree()) return false;
    const core = this.#core;
    this.#acknowledged = acknowledgedBefore(core);
    const { router, clock, nodes } = core.context;
    const name = router.choose(this.#atOnce);
    const node = name === undefined ? undefined : nodes.get(name);
    if (!node) return false;
    // What the statement before left on a connection is void before somebody reads it there.
    core.diagnostics.begin(statement, core.lexMode.flavor);
    const connection = core.tryTakeConnection(node);
    if (!connection) return false;
    const bytes = this.#usable(connection) ? packetFor(packet, connection) : undefined;
    if (!bytes || !core.running.start(connection)) {
      node.pool.give(connection);
      return false;
    }
    core.watch.begin({ statement, sql });
    this.#node = node;
    this.#connection = connection;
    this.#startedMs = clock.nowMs();
    router.started(node.name);
    this.#reply.begin(core.client, connection);
    connection.send(bytes, 'query', this.#reply);
    return true;
  }

  /** It is as the session is: nothing has to be set there first. */
  #usable(connection: NodeConnection): boolean {
    const { state, lastInsertId } = this.#core;
    return (
      !connection.lost &&
      connection.stateKey === state.carried.key &&
      !holdsOtherInsertId(connection, lastInsertId)
    );
  }

  #sessionIsFree(): boolean {
    const core = this.#core;
    return (
      core.autocommit &&
      !core.transaction &&
      !core.pinned &&
      core.nextIsolation === undefined &&
      core.loadFiles.length === 0 &&
      !core.metadata &&
      !core.context.tracer &&
      !meetsLocks(core) &&
      (!core.tracker || trackingOf(core).transaction === 'off')
    );
  }

  #done(outcome: StreamOutcome): void {
    const core = this.#core;
    const connection = this.#connection;
    if (outcome.kind === 'complete' && outcome.end && connection) {
      core.diagnostics.note(outcome.end, connection);
    }
    const interrupted = core.running.finish();
    if (interrupted) void interrupted.then(() => this.#settle(outcome));
    else this.#settle(outcome);
  }

  #settle(outcome: StreamOutcome): void {
    const core = this.#core;
    const node = this.#node;
    const connection = this.#connection;
    if (!node || !connection) return;
    const { router, counters } = core.context;
    node.pool.give(connection);
    router.finished(node.name, { startedMs: this.#startedMs, failed: outcome.kind !== 'complete' });
    switch (outcome.kind) {
      case 'complete': {
        noteSeen(core, node.name);
        core.route = { node: node.name };
        const { end, failed } = outcome;
        const errno = end && failed ? decodeErr(end.payload).errno : undefined;
        core.watch.endStreamed(end?.rows ?? 0, errno);
        return this.#onEnd(answered);
      }
      case 'lost_unseen':
        counters.node(node.name).retries++;
        return this.#onEnd(again);
      case 'invalid':
        return this.#onEnd(again);
      case 'lost_midway': {
        const { error: cause } = outcome;
        const error = new SessionBroken('a node was lost in the middle of its answer', { cause });
        return this.#onEnd({ kind: 'broken', error });
      }
    }
  }
}
