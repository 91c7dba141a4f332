import { asError } from '../base/as-error.ts';
import type { Clock } from '../base/clock.ts';
import { drained } from './drained.ts';
import { LockstepError } from '../base/errors.ts';
import { Capability } from '../protocol/capabilities.ts';
import { CommandByte } from '../protocol/commands.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { ResponseScanner } from '../protocol/response-scanner.ts';
import type { ResponseKind } from '../protocol/response-sink.ts';
import { parseTextResults, type TextResult } from '../protocol/result-set.ts';
import { throwIfFarewell } from './farewell.ts';
import { type FileStream, type Infile, sendInfile } from './infile.ts';
import { LentAnswers } from './lent-answers.ts';
import { type LoggedIn, logInToNode, type NodeConnectionOptions } from './node-login.ts';
import type { NodeResponseSink } from './node-response-sink.ts';
import { Outbox } from './outbox.ts';
import { PlainReply } from './plain-reply.ts';
import { ResponseCollector } from './response-collector.ts';
import { OutcomeCollector, type StatementOutcome } from './statement-outcomes.ts';

const preparedMaxPerConnection = 200;

/** Raised to whoever waits for an answer when the connection breaks under it. */
export class NodeConnectionLostError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NodeConnectionLostError';
  }
}

/** So long may a server take to close a connection after our goodbye. */
const closeTimeoutMs = 5000;

interface PendingResponse {
  readonly kind: ResponseKind;
  readonly sink: NodeResponseSink;
  readonly infile: Infile | undefined;
}

/**
 * One connection to a database server. Commands may be sent without waiting for earlier
 * answers; answers arrive in order, each to its own sink, framed but not decoded.
 */
export class NodeConnection {
  readonly threadId: number;
  readonly serverVersion: string;
  /** As agreed, with MariaDB's above them. */
  readonly capabilities: number;
  /** The same, of what the server offered. */
  readonly offered: number;
  /** Key of the session state that the connection now carries; owned by the sessions room. */
  stateKey = '';
  /** Server-side prepared statements of this connection: statement text to server id. */
  readonly preparedStatements = new Map<string, number>();
  /** How many of them it may keep. */
  preparedMax = preparedMaxPerConnection;
  /** Counts changes of definitions on the server: what was prepared before one is out of date. */
  definitions = 0;
  /** Its clock stands still, as a write needed it; owned by the sessions room. */
  clockStopped = false;
  /** Which text is prepared as text, by PREPARE … FROM; owned by the sessions room. */
  preparedText: string | undefined;
  /** Has it tell what somebody may still ask of it, once; owned by the sessions room. */
  readLeft: (() => Promise<unknown>) | undefined;
  readonly #stream: FileStream;
  readonly #clock: Clock;
  readonly #scanner: ResponseScanner;
  readonly #pending: PendingResponse[] = [];
  /** Since when an answer is owed and nothing has come; undefined while nothing is owed. */
  #silentSinceMs: number | undefined;
  /** A silence of this length is reported next; doubled by each report. */
  #reportSilenceAfterMs = 0;
  readonly #outbox: Outbox;
  #paused = false;
  #lostError: Error | undefined;
  #ended = false;
  readonly #lostListeners = new Set<(error: Error) => void>();

  readonly #answers = new LentAnswers(
    () => this.#answered().sink,
    (raw, name) => void this.#sendInfile(raw, name),
  );

  private constructor({ stream, reads, greeting }: LoggedIn, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#outbox = new Outbox(stream, clock);
    this.threadId = greeting.threadId;
    this.serverVersion = greeting.serverVersion;
    this.capabilities = greeting.capabilities;
    this.offered = greeting.offered;
    this.#scanner = new ResponseScanner({
      deprecateEof: (greeting.capabilities & Capability.DEPRECATE_EOF) !== 0,
      onErr: throwIfFarewell,
    });
    stream.on('data', (chunk) => this.#onData(chunk, false));
    reads?.lendTo((bytes) => {
      // Where several answers come at once, a copy of all costs less than one of each.
      if (this.#pending.length > 1) this.#onData(Buffer.from(bytes), false);
      else this.#onData(bytes, true);
    });
    stream.on('error', (error) => this.#lose(error));
    stream.on('close', () => this.#lose(new Error('the server closed the connection')));
  }

  /** Connects and authenticates. Throws NodeRefusedError, or an Error for anything else. */
  static async connect(options: NodeConnectionOptions): Promise<NodeConnection> {
    return new NodeConnection(await logInToNode(options), options.clock);
  }

  /** True after `end`: the server was told, so nothing of the session lingers there. */
  get endedByUs(): boolean {
    return this.#ended;
  }

  get lost(): Error | undefined {
    return this.#lostError;
  }

  /** True when every command sent has been answered in full. */
  get idle(): boolean {
    return this.#pending.length === 0;
  }

  /**
   * Since when an answer has been owed without a byte of it, counted from when the request is
   * there; undefined while none is, or while we do not read.
   */
  get silentSinceMs(): number | undefined {
    return this.#lostError ? undefined : this.#silentSinceMs;
  }

  /**
   * How many milliseconds an answer has been owed without a byte of it, once that is longer
   * than `afterMs`; and of the same silence again when it has doubled.
   */
  reportSilence(nowMs: number, afterMs: number): number | undefined {
    const sinceMs = this.silentSinceMs;
    if (sinceMs === undefined) return undefined;
    const silentMs = nowMs - sinceMs;
    if (silentMs < Math.max(afterMs, this.#reportSilenceAfterMs)) return undefined;
    this.#reportSilenceAfterMs = silentMs * 2;
    this.#pending[0]?.sink.onSilence?.();
    return silentMs;
  }

  onLost(listener: (error: Error) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Called once nothing is left of the connection, after `onLost`. */
  onClosed(listener: () => void): void {
    if (this.#stream.closed) listener();
    else this.#stream.once('close', listener);
  }

  /**
   * Sends whole packets as they are; their one answer goes to `sink`. Where the server may ask for
   * a file, nothing may be sent behind them before it has answered: it would be taken for the file.
   */
  send(packets: Buffer, kind: ResponseKind, sink: NodeResponseSink, infile?: Infile): void {
    if (this.#lostError) {
      sink.onLost(this.#lostError);
      return;
    }
    this.#expect({ kind, sink, infile });
    this.#write(packets);
  }

  #expect(response: PendingResponse): void {
    this.#pending.push(response);
    if (this.#pending.length > 1) return;
    this.#scanner.begin(response.kind);
    this.#listen();
  }

  /** As `send`, but leaves with what else is sent so before the event loop turns. */
  sendSoon(packets: Buffer, kind: ResponseKind, sink: NodeResponseSink): void {
    if (this.#lostError) {
      sink.onLost(this.#lostError);
      return;
    }
    this.#expect({ kind, sink, infile: undefined });
    this.#outbox.writeSoon(packets);
  }

  /** Sends a command that the server never answers (statement close, long data). */
  sendUnanswered(packets: Buffer): void {
    if (!this.#lostError) this.#write(packets);
  }

  /** False: what waits to be sent is a lot. */
  #write(packets: Buffer): boolean {
    const before = this.#outbox.arrivedByMs;
    const room = this.#outbox.write(packets);
    const takesTime = this.#outbox.arrivedByMs !== before;
    if (takesTime && this.#silentSinceMs !== undefined) this.#listen();
    return room;
  }

  /** The statement under way asks for a file; one that has none to give gets an empty one. */
  async #sendInfile(raw: Buffer, name: string): Promise<void> {
    try {
      const { sink, infile } = this.#answered();
      this.#stream.inFile = true;
      if (infile) infile.onAsked?.(name);
      else sink.onLocalInfile(raw, name);
      await sendInfile(infile, raw[3]! + 1, async (packet) => {
        if (this.#lostError) throw this.#lostError;
        if (!this.#write(packet)) await drained(this.#stream);
      });
    } catch (error) {
      this.#lose(asError(error));
    }
  }

  /** What the server is answering. */
  #answered(): PendingResponse {
    const [head] = this.#pending;
    if (!head) throw new LockstepError('malformed_packet', 'a node sent an unasked packet');
    return head;
  }

  /** Runs `sends` so that everything it sends leaves in one flush. */
  flushTogether(sends: () => void): void {
    this.#outbox.together(sends);
  }

  /**
   * Runs SQL of our own (one or several statements) and decodes the text results.
   * Server errors are results; only a lost connection or a passed deadline rejects.
   */
  query(
    sql: string,
    options: { timeoutMs?: number; latin1?: boolean; infile?: Infile | undefined } = {},
  ): Promise<TextResult[]> {
    const text = Buffer.from(sql, options.latin1 ? 'latin1' : 'utf8');
    return this.command(CommandByte.QUERY, text, 'query', options.timeoutMs, options.infile);
  }

  /**
   * Runs statements of our own that have no rows. Resolves to what went wrong, be it that the
   * connection was lost or took longer than `timeoutMs`; undefined when all succeeded.
   */
  run(text: Buffer, timeoutMs: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () =>
        this.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      );
      const reply = new PlainReply((reason) => {
        timer.cancel();
        resolve(reason);
      });
      this.send(commandPacket(CommandByte.QUERY, text), 'query', reply);
    });
  }

  /**
   * Runs SQL of our own, one or several statements as a binary string, and tells what became of
   * each up to the first error. Only a lost connection rejects.
   */
  outcomes(sql: string, infile?: Infile): Promise<StatementOutcome[]> {
    return new Promise((resolve, reject) => {
      const sink = new OutcomeCollector((error, outcomes) => {
        if (error) reject(error);
        else resolve(outcomes);
      });
      const packet = commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1'));
      this.send(packet, 'query', sink, infile);
    });
  }

  command(
    command: number,
    body: Buffer,
    kind: ResponseKind,
    timeoutMs?: number,
    infile?: Infile,
  ): Promise<TextResult[]> {
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.after(timeoutMs, () =>
              this.destroy(new Error(`no answer within ${timeoutMs} ms`)),
            );
      const collector = new ResponseCollector((error, bytes) => {
        timer?.cancel();
        if (error) return reject(error);
        try {
          resolve(parseTextResults(bytes, this.capabilities));
        } catch (cause) {
          reject(new LockstepError('malformed_packet', 'unreadable answer of a node', { cause }));
        }
      });
      this.send(commandPacket(command, body), kind, collector, infile);
    });
  }

  /** Backpressure: while paused nothing is read from the server. */
  pause(): void {
    this.#stream.pause();
    this.#paused = true;
    this.#silentSinceMs = undefined;
  }

  resume(): void {
    this.#stream.resume();
    this.#paused = false;
    if (this.#pending.length > 0) this.#listen();
  }

  /**
   * Says goodbye, for connections that are idle; `onClosed` is told when the server has closed
   * it too, which until then counts it among its own.
   */
  end(): void {
    if (this.#lostError) return;
    this.#ended = true;
    this.#lose(new Error('closed by Lockstep'));
    const stream = this.#stream;
    const timer = this.#clock.after(closeTimeoutMs, () => stream.destroy());
    stream.once('close', () => timer.cancel());
    stream.end(commandPacket(CommandByte.QUIT, Buffer.alloc(0)));
    stream.resume();
  }

  /** Closes at once; the server rolls back what was open. */
  destroy(reason: Error): void {
    this.#lose(reason);
  }

  #listen(): void {
    if (this.#paused) return;
    this.#silentSinceMs = Math.max(this.#clock.nowMs(), this.#outbox.arrivedByMs);
    this.#reportSilenceAfterMs = 0;
  }

  #onData(chunk: Buffer, lent: boolean): void {
    if (this.#lostError) return;
    this.#answers.lent = lent;
    let offset = 0;
    try {
      while (offset < chunk.length) {
        const head = this.#answered();
        offset += this.#takeWhole(head.sink, chunk, offset);
        if (this.#scanner.active) offset += this.#scanner.push(chunk, offset, this.#answers);
        if (this.#lostError) return;
        if (!this.#scanner.active) {
          this.#pending.shift();
          this.#stream.inFile = false;
          const next = this.#pending[0];
          if (next) this.#scanner.begin(next.kind);
          else this.#silentSinceMs = undefined;
          head.sink.onEnd?.();
        }
        if (this.#lostError) return;
      }
      if (this.#pending.length > 0) this.#listen();
    } catch (error) {
      this.#lose(asError(error));
    }
  }

  /** How many bytes were a whole answer that is told. */
  #takeWhole(sink: NodeResponseSink, chunk: Buffer, offset: number): number {
    if (sink.takesWhole !== true || this.#answers.lent) return 0;
    const whole = this.#scanner.takeWhole(chunk, offset);
    if (!whole) return 0;
    sink.onWhole?.(whole);
    return whole.bytes.length;
  }

  #lose(cause: Error): void {
    if (this.#lostError) return;
    const error = new NodeConnectionLostError(cause.message, { cause });
    this.#lostError = error;
    this.#outbox.close();
    this.#stream.removeAllListeners('data');
    this.#stream.removeAllListeners('error');
    this.#stream.on('error', () => {});
    if (!this.#ended) this.#stream.destroy();
    const waiting = this.#pending.splice(0);
    for (const { sink } of waiting) sink.onLost(error);
    for (const listener of this.#lostListeners) listener(error);
    this.#lostListeners.clear();
  }
}

/** One command as a packet that starts a new exchange. */
export function commandPacket(command: number, body: Buffer): Buffer {
  const payload = Buffer.allocUnsafe(body.length + 1);
  payload[0] = command;
  body.copy(payload, 1);
  return encodePacket(payload, 0);
}
