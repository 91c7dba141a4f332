import { asError } from '../base/as-error.ts';
import { faultPoints } from '../base/fault-points.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { NodeConnectionLostError } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import type { OkPacket } from '../protocol/ok-packet.ts';
import type { Command } from '../replication/command.ts';
import type { CommitOutcome } from '../replication/commit-outcome.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { Release } from '../replication/write-gate.ts';
import type { Statement } from '../sql/statement.ts';
import { changedBy } from './cache/written-tables.ts';
import { PreludeOutcome, stateRefused } from './carry-state.ts';
import { changedNothing } from './changed-nothing.ts';
import { commitEntry } from './commit-entry.ts';
import { noteFoundByWrite } from './found-rows.ts';
import { holdsNothing } from './holds-nothing.ts';
import { generatesId, knownWrite } from './known-write.ts';
import { LeaderLane, RanAloneError } from './leader-lane.ts';
import { notLogged } from './not-logged.ts';
import { pinWrite } from './pin-write.ts';
import { noteIdUsed, noteRefusedOn, type PlainWrite, plainWriteCommand } from './plain-command.ts';
import type { QuickEnd, QuickPacket } from './quick-read.ts';
import { noteTold } from './read-consistency.ts';
import type { SessionCore } from './session-core.ts';
import { patchStatus } from './status-patch.ts';
import { untilWritable } from './until-writable.ts';
import { WriteReply } from './write-reply.ts';

/** A write under way. */
interface UnderWay extends PlainWrite {
  readonly leadership: Leadership;
  readonly lane: LeaderLane;
  readonly prelude: PreludeOutcome;
  readonly reply: WriteReply;
  /** Leaves the gate. */
  readonly release: Release;
  /** The gate and the connection are given back. */
  left: boolean;
}

const again: QuickEnd = { kind: 'again' };
const begin = commandPacket(CommandByte.QUERY, Buffer.from('BEGIN', 'latin1'));

/** Outside a transaction. */
const status = { inTransaction: false, autocommit: true, moreResults: false };

/**
 * The write that most are: of one table, by a statement of which is known what it does, outside a
 * transaction, in a session that holds nothing, while the leader has a connection that is as the
 * session is. It does what `runNoted` and `writeAutocommit` do, in their order, without a promise
 * until the commit. Whatever is not as usual is left to them, before anything has happened or
 * after it was undone.
 */
export class QuickWrite {
  readonly #core: SessionCore;
  readonly #onEnd: (end: QuickEnd) => void;
  #packet: QuickPacket | undefined;
  #bytes: Buffer | undefined;

  /** `onEnd` is called once for each that was begun. */
  constructor(core: SessionCore, onEnd: (end: QuickEnd) => void) {
    this.#core = core;
    this.#onEnd = onEnd;
  }

  /** False when it takes the long way. Nothing has happened then. */
  begin(statement: Statement, sql: string, packet: QuickPacket): boolean {
    const core = this.#core;
    const known = knownWrite(core, statement);
    if (!known || !core.running.mayStart || !holdsNothing(core)) return false;
    const { replicator, nodes, markerRights } = core.context;
    const leadership = replicator.term;
    if (!leadership || !markerRights.has(core, leadership)) return false;
    const node = nodes.get(leadership.name);
    if (!node?.facts) return false;
    const generates = generatesId(core, known, sql);
    const release = generates === undefined ? undefined : replicator.gate.tryShared();
    if (generates === undefined || !release) return false;
    this.#packet = packet;
    const connection = core.tryTakeConnection(node, this.#ready);
    const bytes = this.#bytes;
    this.#packet = undefined;
    this.#bytes = undefined;
    if (!connection || !bytes) {
      release();
      return false;
    }
    core.diagnostics.begin(statement, core.lexMode.flavor);
    core.watch.begin({ statement, sql });
    core.running.start(connection);
    const { pins, leaderPins } = pinWrite(core, statement, known.facts);
    const prelude = new PreludeOutcome();
    const reply = new WriteReply(() => this.#answered(write));
    // Written out: V8 makes an object of a spread slowly.
    const write: UnderWay = {
      statement,
      sql,
      known,
      generates,
      pins,
      prelude,
      reply,
      leadership,
      node,
      connection,
      lane: new LeaderLane(connection, true),
      release,
      left: false,
    };
    connection.clockStopped = leaderPins.stopsClock;
    const first =
      leaderPins.sql === ''
        ? begin
        : commandPacket(CommandByte.QUERY, Buffer.from(`BEGIN;${leaderPins.sql}`, 'latin1'));
    connection.flushTogether(() => {
      connection.send(first, 'query', prelude);
      connection.send(bytes, 'query', reply);
    });
    return true;
  }

  /** It is as the session is: nothing has to be set there first. */
  readonly #ready = (connection: NodeConnection): boolean => {
    if (connection.stateKey !== this.#core.state.carried.key) return false;
    if (connection.clockStopped) return false;
    const packet = this.#packet;
    this.#bytes = typeof packet === 'function' ? packet(connection) : packet;
    return this.#bytes !== undefined;
  };

  #answered(write: UnderWay): void {
    const interrupted = this.#core.running.finish();
    const executed = (): void => {
      try {
        this.#executed(write);
      } catch (error) {
        void this.#fail(write, asError(error));
      }
    };
    if (interrupted) void interrupted.then(executed);
    else executed();
  }

  #executed(write: UnderWay): void {
    const core = this.#core;
    const { reply, prelude, connection } = write;
    const { lost, end, ok } = reply;
    if (lost || !end) {
      if (lost) connection.destroy(lost);
      return this.#undone(write);
    }
    if (prelude.error !== undefined) {
      const refused = stateRefused(connection, [prelude]);
      const alone = reply.outsideTransaction ? new RanAloneError(refused.message) : undefined;
      if (alone) core.context.onStranded(write.node.name, alone.message);
      return void this.#fail(write, alone ?? refused);
    }
    core.diagnostics.note(end, connection);
    core.diagnostics.read();
    if (!ok || changedNothing(write.statement, write.known.facts, write.pins, reply)) {
      this.#endUnlogged(write).catch((error: unknown) => this.#fail(write, asError(error)));
      return;
    }
    const command = plainWriteCommand(core, write, ok);
    const held = core.context.replicator.gate.writes.held;
    if (held || faultPoints.armed) void this.#commitLater(write, ok, command);
    else this.#commit(write, ok, command);
  }

  async #commitLater(write: UnderWay, ok: OkPacket, command: Command): Promise<void> {
    try {
      if (faultPoints.armed) await faultPoints.reach('write.executed', write.node.name);
      while (this.#core.context.replicator.gate.writes.held) await untilWritable(this.#core);
    } catch (error) {
      return this.#fail(write, asError(error));
    }
    this.#commit(write, ok, command);
  }

  #commit(write: UnderWay, ok: OkPacket, command: Command): void {
    const core = this.#core;
    const { replicator, catalogue } = core.context;
    const { changed, keyed } = changedBy(write.known.facts.written, catalogue);
    const draft = {
      kind: 'transaction',
      lastCommitted: replicator.lastCommitSent,
      commands: [command],
      changed,
      keyed,
    } as const;
    commitEntry(core, write.leadership, draft, write.lane)
      .then((outcome) => {
        if (outcome.kind === 'committed') noteIdUsed(core, write.connection, command);
        this.#decided(write, ok, outcome);
      })
      .catch((error: unknown) => this.#fail(write, asError(error)));
  }

  #decided(write: UnderWay, ok: OkPacket, outcome: CommitOutcome): void {
    const core = this.#core;
    const { node, statement, reply } = write;
    if (outcome.kind === 'aborted') return this.#undone(write);
    if (outcome.kind === 'not_logged') throw notLogged(outcome.error);
    core.context.counters.node(node.name).writes++;
    core.horizon.wrote(outcome.seq);
    core.route = { node: node.name, seq: outcome.seq };
    noteFoundByWrite(core, statement, { ok, error: undefined, rows: undefined });
    this.#leave(write);
    const { end } = reply;
    if (end && !core.client.destroyed) core.client.write(patchStatus(end, status, core.changes));
    core.watch.endStreamed(Number(ok.affectedRows), undefined);
    this.#onEnd({ kind: 'answered', rows: 0, errno: undefined });
  }

  /** An error, or an answer that says that nothing has changed. */
  async #endUnlogged(write: UnderWay): Promise<void> {
    const core = this.#core;
    const { node, lane, statement, reply } = write;
    const { end, ok, error } = reply;
    if (faultPoints.armed) await faultPoints.reach('write.executed', node.name);
    if (error) noteRefusedOn(write.connection, write.known);
    noteTold(core, node.name);
    core.route = { node: node.name };
    noteFoundByWrite(core, statement, { ok, error, rows: undefined });
    await lane.rollback();
    this.#leave(write);
    if (end && !core.client.destroyed) core.client.write(patchStatus(end, status, core.changes));
    core.watch.endStreamed(Number(ok?.affectedRows ?? 0), error?.errno);
    this.#onEnd({ kind: 'answered', rows: 0, errno: error?.errno });
  }

  /** Nothing of it took effect: the next leader may run it. */
  #undone(write: UnderWay): void {
    this.#core.context.counters.node(write.node.name).retries++;
    this.#leave(write);
    this.#onEnd(again);
  }

  async #fail(write: UnderWay, error: Error): Promise<void> {
    // The client has its answer.
    if (write.left) return this.#core.context.onFault(error);
    if (error instanceof NodeConnectionLostError) return this.#undone(write);
    await write.lane.rollback();
    this.#leave(write);
    this.#onEnd({ kind: 'failed', error });
  }

  #leave(write: UnderWay): void {
    if (write.left) return;
    write.left = true;
    write.node.pool.give(write.connection);
    write.release();
  }
}
