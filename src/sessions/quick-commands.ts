import { asError } from '../base/as-error.ts';
import type { AssembledPacket } from '../protocol/command-scanner.ts';
import { commandPacket } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import { CachedReads } from './cache/cached-reads.ts';
import type { Statement } from '../sql/statement.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import { type QuickEnd, QuickRead } from './quick-read.ts';
import { QuickStep } from './quick-step.ts';
import { QuickWrite } from './quick-write.ts';
import type { SessionCore } from './session-core.ts';

/** A longer text is not worth a second look. */
const textBytesMax = 16 * 1024;

/** Whose commands they are. */
interface LongWay {
  /** Commands may carry query attributes. */
  readonly attributed: boolean;
  run(packet: AssembledPacket): Promise<void>;
  fault(error: Error, firstId: number): void;
}

/**
 * - `answered`: the client has its answer;
 * - `begun`: it will have it when `onEnd` is called;
 * - `not_quick`: nothing has happened, it is to be run the long way.
 */
export type QuickBegin = 'answered' | 'begun' | 'not_quick';

/** The commands of a client that are quick reads and writes. */
export class QuickCommands {
  readonly #core: SessionCore;
  readonly #prepared: PreparedStatements;
  readonly #longWay: LongWay;
  readonly #ended = (end: QuickEnd): void => this.#end(end);
  /** Made when they are first needed: many sessions never write, or open no transaction. */
  #read: QuickRead | undefined;
  #write: QuickWrite | undefined;
  #step: QuickStep | undefined;
  readonly #cached: CachedReads;
  #packet: AssembledPacket | undefined;
  /** A read that was asked for by text, of a session that may be lent. */
  #textRead: Statement | undefined;
  #running: string | undefined;
  #onEnd = (): void => {};

  constructor(core: SessionCore, prepared: PreparedStatements, longWay: LongWay) {
    this.#core = core;
    this.#prepared = prepared;
    this.#longWay = longWay;
    this.#cached = new CachedReads(core);
  }

  /** The text of the one under way. */
  get running(): string | undefined {
    return this.#running;
  }

  /** Calls `onEnd` when a command that has begun is answered. */
  begin(packet: AssembledPacket, onEnd: () => void): QuickBegin {
    // Inside compressed frames a packet may have any number.
    if (packet.firstSequenceId !== 0 || packet.oversized) return 'not_quick';
    this.#packet = packet;
    this.#onEnd = onEnd;
    let begun: QuickBegin;
    try {
      begun = this.#begin(packet);
    } catch (error) {
      this.#end({ kind: 'failed', error: asError(error) });
      return 'begun';
    }
    if (begun === 'begun') return begun;
    // A large one is not kept while its client does nothing.
    this.#packet = undefined;
    this.#running = undefined;
    return begun;
  }

  #begin({ payload, raw }: AssembledPacket): QuickBegin {
    if (payload.length > textBytesMax) return 'not_quick';
    const core = this.#core;
    const cacheOpen = core.context.cache.open;
    this.#cached.begin();
    const { attributed } = this.#longWay;
    if (payload[0] === CommandByte.QUERY) {
      // How many attributes, and how many sets of them; nodes are sent neither.
      if (attributed && !(payload[1] === 0 && payload[2] === 1)) return 'not_quick';
      const textAt = attributed ? 3 : 1;
      const sql = payload.toString('latin1', textAt);
      // One behind a semicolon, be it a remark, is cut off before the text goes to a node.
      if (sql.includes(';')) return 'not_quick';
      if (cacheOpen && this.#cached.answer({ sql, execution: undefined })) return 'answered';
      this.#running = sql;
      const packet = attributed
        ? (): Buffer => commandPacket(CommandByte.QUERY, payload.subarray(textAt))
        : raw;
      const statement = core.analyse(sql);
      const way = this.#wayOf(statement);
      if (!way.begin(statement, sql, packet)) return 'not_quick';
      if (core.loan && way === this.#read) this.#textRead = statement;
      return 'begun';
    }
    if (payload[0] !== CommandByte.STMT_EXECUTE || attributed) return 'not_quick';
    const found = this.#prepared.quickExecution(core, payload);
    if (!found) return 'not_quick';
    const { statement, sql, packet, key } = found;
    // The log needs its parameters as text.
    if (statement.kind === 'write') return 'not_quick';
    const execution = cacheOpen ? key() : undefined;
    if (execution !== undefined && this.#cached.answer({ sql, execution })) return 'answered';
    this.#running = sql;
    const way = this.#wayOf(statement);
    return way.begin(statement, sql, packet) ? 'begun' : 'not_quick';
  }

  #wayOf({ kind }: Statement): QuickRead | QuickWrite | QuickStep {
    const core = this.#core;
    if (core.transaction) return (this.#step ??= new QuickStep(core, this.#ended));
    if (kind === 'write') return (this.#write ??= new QuickWrite(core, this.#ended));
    return (this.#read ??= new QuickRead(core, this.#cached, this.#ended));
  }

  #end(end: QuickEnd): void {
    const packet = this.#packet;
    this.#packet = undefined;
    this.#running = undefined;
    this.#tellLoan(end);
    if (end.kind === 'again' && packet) {
      void this.#longWay.run(packet).then(this.#onEnd);
      return;
    }
    if (end.kind === 'failed') this.#longWay.fault(end.error, 1);
    this.#prepared.closeEndedCursors();
    this.#onEnd();
  }

  #tellLoan(end: QuickEnd): void {
    const { loan } = this.#core;
    if (!loan) return;
    const read = this.#textRead;
    this.#textRead = undefined;
    if (read && end.kind === 'answered' && end.errno === undefined) loan.served(read);
    else loan.interrupted();
  }
}
