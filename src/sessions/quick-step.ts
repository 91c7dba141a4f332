import { asError } from '../base/as-error.ts';
import { faultPoints } from '../base/fault-points.ts';
import { commandPacket, NodeConnectionLostError } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import type { Statement } from '../sql/statement.ts';
import { SessionBroken } from './answer.ts';
import { holdsOtherInsertId, PreludeOutcome, stateRefused } from './carry-state.ts';
import { changedNothing } from './changed-nothing.ts';
import { endTransaction } from './end-transaction.ts';
import { noteFoundByWrite } from './found-rows.ts';
import { holdsNothingBeside } from './holds-nothing.ts';
import { knownOf } from './known-quick.ts';
import { generatesId, type KnownWrite, knownWrite } from './known-write.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { pinWrite } from './pin-write.ts';
import { noteIdUsed, noteRefusedOn, type PlainWrite, plainWriteCommand } from './plain-command.ts';
import type { QuickEnd, QuickPacket } from './quick-read.ts';
import { noteSeen } from './read-consistency.ts';
import type { SessionCore } from './session-core.ts';
import { patchStatus } from './status-patch.ts';
import { StreamReply, type StreamOutcome } from './stream-reply.ts';
import { dropIfEnded } from './transaction-path.ts';
import { WriteReply } from './write-reply.ts';

const again: QuickEnd = { kind: 'again' };

interface WriteStep extends PlainWrite {
  readonly transaction: OpenTransaction;
  readonly prelude: PreludeOutcome;
  readonly reply: WriteReply;
}

/**
 * The statement that most are inside a transaction: a plain read, or a write of which is known
 * what it does, in a session that holds nothing beside the transaction. It does what `runNoted`,
 * `readInTransaction` and `writeInTransaction` do, in their order, without a promise for it;
 * whatever is not as usual is left to them. One object for all of a session's.
 */
export class QuickStep {
  readonly #core: SessionCore;
  readonly #onEnd: (end: QuickEnd) => void;
  readonly #status = { inTransaction: true, autocommit: true, moreResults: false };
  readonly #reply: StreamReply;
  #transaction: OpenTransaction | undefined;

  /** `onEnd` is called once for each that was begun. */
  constructor(core: SessionCore, onEnd: (end: QuickEnd) => void) {
    this.#core = core;
    this.#onEnd = onEnd;
    this.#reply = new StreamReply({
      status: this.#status,
      changes: core.changes,
      digest: false,
      filter: undefined,
      done: (outcome) => this.#readDone(outcome),
    });
  }

  /** False when it takes the long way. Nothing has happened then. */
  begin(statement: Statement, sql: string, packet: QuickPacket): boolean {
    const core = this.#core;
    const { transaction } = core;
    if (!transaction || transaction.transcript || faultPoints.armed) return false;
    if (!core.running.mayStart || !holdsNothingBeside(core)) return false;
    if (!core.context.replicator.isCurrent(transaction.leadership)) return false;
    const { connection } = transaction.lane;
    const { carried } = core.state;
    if (connection.lost || connection.clockStopped) return false;
    if (connection.stateKey !== carried.key) return false;
    const bytes = typeof packet === 'function' ? packet(connection) : packet;
    if (!bytes) return false;
    if (statement.kind === 'write') {
      const known = knownWrite(core, statement);
      return known !== undefined && this.#write(transaction, { statement, sql, known, bytes });
    }
    if (!knownOf(statement).plain) return false;
    if (!core.context.viewed.onlyReads(statement, core.state.schema)) return false;
    if (holdsOtherInsertId(connection, core.lastInsertId)) return false;
    this.#begin(transaction, statement, sql);
    this.#transaction = transaction;
    this.#reply.begin(core.client, connection);
    connection.send(bytes, 'query', this.#reply);
    return true;
  }

  #begin(transaction: OpenTransaction, statement: Statement, sql: string): void {
    const core = this.#core;
    this.#status.autocommit = core.autocommit;
    core.diagnostics.begin(statement, core.lexMode.flavor);
    core.watch.begin({ statement, sql });
    core.route = { node: transaction.node.name };
    core.running.start(transaction.lane.connection);
  }

  #readDone(outcome: StreamOutcome): void {
    this.#ended(this.#transaction, () => this.#readEnded(outcome));
  }

  /** The node has answered. After a fault from here on nobody can say what the client knows. */
  #ended(transaction: OpenTransaction | undefined, next: () => void): void {
    const guarded = (): void => {
      try {
        next();
      } catch (error) {
        const broken = new SessionBroken('an answer could not be told', { cause: error });
        if (transaction) void this.#giveUp(transaction, broken);
        else this.#onEnd({ kind: 'failed', error: broken });
      }
    };
    const interrupted = this.#core.running.finish();
    if (interrupted) void interrupted.then(guarded);
    else guarded();
  }

  #readEnded(outcome: StreamOutcome): void {
    const core = this.#core;
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (outcome.kind === 'lost_midway') {
      const message = 'a node was lost in the middle of its answer';
      const error = new SessionBroken(message, { cause: outcome.error });
      return this.#onEnd({ kind: 'failed', error });
    }
    // The long way finds that the connection is lost, and what that means for the transaction.
    if (outcome.kind !== 'complete' || !transaction) return this.#onEnd(again);
    const { end, failed } = outcome;
    if (end) core.diagnostics.note(end, transaction.lane.connection);
    this.#met(transaction);
    const errno = end && failed ? decodeErr(end.payload).errno : undefined;
    const rows = end?.rows ?? 0;
    if (failed) void this.#settleFailed(transaction, rows, errno);
    else this.#settle(rows, undefined);
  }

  #met(transaction: OpenTransaction): void {
    const core = this.#core;
    transaction.lastCommitted = core.context.replicator.lastCommitSent;
    noteSeen(core, transaction.node.name);
  }

  /** Some errors end the transaction. */
  async #settleFailed(
    transaction: OpenTransaction,
    rows: number,
    errno: number | undefined,
  ): Promise<void> {
    try {
      await dropIfEnded(this.#core, transaction);
    } catch (error) {
      // The client has its answer: of a connection that breaks now the next statement hears.
      if (!(error instanceof NodeConnectionLostError)) {
        return this.#onEnd({ kind: 'failed', error: asError(error) });
      }
    }
    this.#settle(rows, errno);
  }

  #settle(rows: number, errno: number | undefined): void {
    this.#core.watch.endStreamed(rows, errno);
    this.#onEnd({ kind: 'answered', rows, errno });
  }

  #write(
    transaction: OpenTransaction,
    options: { statement: Statement; sql: string; known: KnownWrite; bytes: Buffer },
  ): boolean {
    const core = this.#core;
    const { statement, sql, known, bytes } = options;
    const generates = generatesId(core, known, sql);
    if (generates === undefined) return false;
    this.#begin(transaction, statement, sql);
    transaction.writes(known.facts.written);
    const { node, lane } = transaction;
    const { connection } = lane;
    const { pins, leaderPins } = pinWrite(core, statement, known.facts);
    const prelude = new PreludeOutcome();
    const reply = new WriteReply(() => this.#writeDone(step));
    // Written out: V8 makes an object of a spread slowly.
    const step: WriteStep = {
      statement,
      sql,
      generates,
      pins,
      node,
      connection,
      known,
      transaction,
      prelude,
      reply,
    };
    connection.clockStopped = leaderPins.stopsClock;
    connection.flushTogether(() => {
      if (leaderPins.sql !== '') {
        const text = Buffer.from(leaderPins.sql, 'latin1');
        connection.send(commandPacket(CommandByte.QUERY, text), 'query', prelude);
      }
      connection.send(bytes, 'query', reply);
    });
    return true;
  }

  #writeDone(step: WriteStep): void {
    this.#ended(step.transaction, () => this.#written(step));
  }

  #written(step: WriteStep): void {
    const core = this.#core;
    const { transaction, statement, connection, prelude, reply } = step;
    const { end, ok, error, lost } = reply;
    if (lost || !end) {
      if (lost) connection.destroy(lost);
      return this.#onEnd(again);
    }
    if (prelude.error !== undefined) {
      return void this.#giveUp(transaction, stateRefused(connection, [prelude]));
    }
    core.diagnostics.note(end, connection);
    core.diagnostics.read();
    if (ok) {
      const command = plainWriteCommand(core, step, ok);
      noteIdUsed(core, connection, command);
      const { facts } = step.known;
      if (!changedNothing(statement, facts, command.pins, reply)) transaction.record(command);
    } else noteRefusedOn(connection, step.known);
    this.#met(transaction);
    noteFoundByWrite(core, statement, { ok, error, rows: undefined });
    if (!ok) return void this.#refuse(transaction, reply);
    this.#answer(reply);
    this.#settle(Number(ok.affectedRows), undefined);
  }

  async #refuse(transaction: OpenTransaction, reply: WriteReply): Promise<void> {
    try {
      await dropIfEnded(this.#core, transaction);
    } catch (error) {
      if (error instanceof NodeConnectionLostError) return this.#onEnd(again);
      return this.#onEnd({ kind: 'failed', error: asError(error) });
    }
    this.#answer(reply);
    this.#settle(0, reply.error?.errno);
  }

  #answer({ end }: WriteReply): void {
    const core = this.#core;
    if (!end || core.client.destroyed) return;
    core.client.write(patchStatus(end, this.#status, core.changes));
  }

  /** The statement may have run, and is not recorded: all must go. */
  async #giveUp(transaction: OpenTransaction, error: Error): Promise<void> {
    await endTransaction(this.#core, transaction).catch(() => {});
    this.#onEnd({ kind: 'failed', error });
  }
}
