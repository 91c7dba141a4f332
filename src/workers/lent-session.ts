import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { commandPacket } from '../nodes/node-connection.ts';
import { type SocketHandle, takeHandle } from '../nodes/socket-handle.ts';
import type { ReadPipeline } from '../nodes/read-pipeline.ts';
import { CommandByte } from '../protocol/commands.ts';
import { headerBytes } from '../protocol/packet-writer.ts';
import { type PipelinedEnd, PipelinedReply } from '../sessions/pipelined-reply.ts';
import type { LoanTerms, ReturnReason } from '../sessions/session-lender.ts';
import { isPlainRead } from '../sql/plain-read.ts';
import type { Statement } from '../sql/statement.ts';
import type { FromWorker, SlowRead } from './messages.ts';
import type { WorkerNode } from './worker-node.ts';

/** A longer text is for the main process. */
const packetBytesMax = 16 * 1024;
/** So much may wait behind the read under way before the client is not read any more. */
const waitingBytesMax = 256 * 1024;
/** So long it may do nothing here. */
const idleMsMax = 1000;
/** So long it is here at most: then the node for its reads is chosen anew. */
const loanMsMax = 5000;

const empty = Buffer.alloc(0);
/** What a lent session is to its client. */
const status = { inTransaction: false, autocommit: true, moreResults: false };

/** What the sessions of a worker share. */
export interface LentSessions {
  readonly clock: Clock;
  analyse(sql: string, terms: LoanTerms): Statement;
  /** Undefined: it is not known to be quick, and to do nothing but read. */
  quickKeyOf(statement: Statement, terms: LoanTerms): string | undefined;
  record(normalised: string, read: SlowRead): void;
  /** A read with this key was slow, or no quick read after all. */
  noteSlow(key: string): void;
  /** With a handle it is the session's connection. */
  post(message: FromWorker, handle?: SocketHandle): void;
  /** It is here no more. */
  left(session: LentSession): void;
}

/** One client's session while it is lent to this worker. */
export class LentSession {
  readonly #shared: LentSessions;
  readonly #terms: LoanTerms;
  readonly #socket: Socket;
  readonly #node: WorkerNode;
  readonly #sinceMs: number;
  /** What the client has sent and was not answered. */
  #bytes: Buffer = empty;
  /** How much of that is the read under way; 0 while there is none. */
  #under = 0;
  #sql = '';
  #statement: Statement | undefined;
  #key = '';
  #pipeline: ReadPipeline | undefined;
  #reply: PipelinedReply;
  #startedMs = 0;
  #lastMs: number;
  #reads = 0;
  #rows = 0;
  #leaving: ReturnReason | undefined;
  #over = false;

  constructor(shared: LentSessions, terms: LoanTerms, socket: Socket, node: WorkerNode) {
    this.#shared = shared;
    this.#terms = terms;
    this.#socket = socket;
    this.#node = node;
    this.#sinceMs = this.#lastMs = shared.clock.nowMs();
    this.#reply = this.#newReply();
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => this.#gone());
    socket.on('close', () => this.#gone());
  }

  get id(): number {
    return this.#terms.id;
  }

  get node(): WorkerNode {
    return this.#node;
  }

  /** Gives it back as soon as nothing is under way, for that reason. */
  leave(reason: ReturnReason): void {
    this.#leaving ??= reason;
    if (this.#under === 0) this.#giveBack();
  }

  /** Gives it back when it has been here for long enough. */
  look(nowMs: number): void {
    if (this.#leaving !== undefined) return;
    if (nowMs - this.#lastMs >= idleMsMax && this.#under === 0) this.leave('idle');
    else if (nowMs - this.#sinceMs >= loanMsMax) this.leave('due');
  }

  /** Sends the client away. */
  end(): void {
    if (this.#over) return;
    this.#stop();
    this.#socket.destroy();
  }

  #newReply(): PipelinedReply {
    return new PipelinedReply({
      status,
      changes: undefined,
      onSlow: () => this.#onSlow(),
      done: (end) => this.#done(end),
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#over) return;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#under === 0) this.#next();
    else if (this.#bytes.length > waitingBytesMax) {
      // The main process knows what to do with a client that sends so much.
      this.#leaving ??= 'command';
      this.#socket.pause();
    }
  }

  /** Begins the next command, if it is there as a whole. */
  #next(): void {
    if (this.#over) return;
    if (this.#leaving !== undefined) return this.#giveBack();
    const bytes = this.#bytes;
    if (bytes.length < headerBytes) return;
    const length = headerBytes + bytes.readUIntLE(0, 3);
    if (length > packetBytesMax) return this.leave('command');
    if (bytes.length < length) return;
    this.#lastMs = this.#shared.clock.nowMs();
    const reason = this.#begin(bytes.subarray(0, length));
    if (reason !== undefined) this.leave(reason);
  }

  /** Why it is for the main process, if it is: nothing has happened then. */
  #begin(raw: Buffer): ReturnReason | undefined {
    const shared = this.#shared;
    const terms = this.#terms;
    if (raw[3] !== 0 || raw[headerBytes] !== CommandByte.QUERY) return 'command';
    if (this.#socket.writableNeedDrain) return 'command';
    let textAt = headerBytes + 1;
    if (terms.attributed) {
      // How many attributes, and how many sets of them; nodes are sent neither.
      if (raw[textAt] !== 0 || raw[textAt + 1] !== 1) return 'command';
      textAt += 2;
    }
    const sql = raw.toString('latin1', textAt);
    if (sql.includes(';')) return 'command';
    const statement = shared.analyse(sql, terms);
    if (!isPlainRead(statement) || statement.tables.length === 0) return 'command';
    const key = shared.quickKeyOf(statement, terms);
    if (key === undefined) return 'read';
    const packet = terms.attributed ? commandPacket(CommandByte.QUERY, raw.subarray(textAt)) : raw;
    this.#under = raw.length;
    this.#sql = sql;
    this.#statement = statement;
    this.#key = key;
    this.#startedMs = this.#lastMs;
    if (!this.#send(packet)) void this.#sendLater(packet);
    return undefined;
  }

  #send(packet: Buffer): boolean {
    const pipeline = this.#node.join(this.#terms);
    if (!pipeline) return false;
    this.#pipeline = pipeline;
    pipeline.send(packet, this.#reply);
    return true;
  }

  /** On a connection that is made for it, or has been meanwhile. */
  async #sendLater(packet: Buffer): Promise<void> {
    const opened = await this.#node.open(this.#terms);
    if (this.#over || this.#under === 0) return;
    if (!opened || this.#leaving !== undefined || !this.#send(packet)) this.#giveUp();
  }

  #done(end: PipelinedEnd): void {
    this.#pipeline = undefined;
    if (this.#over) return;
    if (end.kind !== 'complete') {
      this.#reply = this.#newReply();
      if (end.kind === 'again' && end.slow) this.#shared.noteSlow(this.#key);
      return this.#giveUp();
    }
    this.#socket.write(end.bytes);
    this.#answered(end.end.rows);
    this.#next();
  }

  #answered(rows: number): void {
    const { id } = this;
    const { name: node } = this.#node;
    this.#bytes = this.#bytes.length === this.#under ? empty : this.#bytes.subarray(this.#under);
    this.#under = 0;
    this.#reads += 1;
    this.#rows = rows;
    this.#lastMs = this.#shared.clock.nowMs();
    const durationMs = this.#lastMs - this.#startedMs;
    const normalised = this.#statement?.normalised ?? '';
    this.#shared.record(normalised, { id, node, sql: this.#sql, rows, durationMs });
    this.#statement = undefined;
    this.#sql = '';
  }

  /** The read takes long: the main process asks anew, where it can be seen and ended. */
  #onSlow(): void {
    this.#pipeline = undefined;
    this.#reply.abandon();
    if (this.#over) return;
    this.#reply = this.#newReply();
    this.#shared.noteSlow(this.#key);
    this.#giveUp();
  }

  /** The main process is to run the read under way: the client has nothing of its answer. */
  #giveUp(): void {
    this.#under = 0;
    this.leave('read');
  }

  #giveBack(): void {
    if (this.#over) return;
    const socket = this.#socket;
    if (socket.writableLength > 0) {
      // Behind what the client has yet to take.
      socket.write(empty, () => this.#giveBack());
      return;
    }
    if (socket.isPaused()) socket.resume();
    const handle = takeHandle(socket);
    if (!handle) return this.end();
    this.#over = true;
    this.#shared.left(this);
    const { id } = this;
    const reason = this.#leaving ?? 'due';
    const idleMs = this.#shared.clock.nowMs() - this.#lastMs;
    const told = { id, reason, bytes: this.#bytes, reads: this.#reads, rows: this.#rows, idleMs };
    this.#shared.post({ kind: 'back', ...told }, handle);
  }

  #gone(): void {
    if (this.#over) return;
    this.#stop();
  }

  #stop(): void {
    this.#over = true;
    this.#reply.abandon();
    this.#pipeline?.endUnwanted();
    this.#shared.left(this);
    this.#shared.post({ kind: 'gone', id: this.id });
  }
}
