import type { AssembledPacket } from '../protocol/command-scanner.ts';
import { CommandByte } from '../protocol/commands.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import { type QuickEnd, QuickRead } from './quick-read.ts';
import type { SessionCore } from './session-core.ts';

/** A longer text is not worth a second look. */
const textBytesMax = 16 * 1024;

export interface QuickCommandsOptions {
  readonly core: SessionCore;
  readonly prepared: PreparedStatements;
  /** Commands are of a form that nodes take as it is. */
  readonly mayBegin: () => boolean;
  /** The long way. */
  readonly run: (packet: AssembledPacket) => Promise<void>;
  readonly fault: (error: Error) => void;
}

/** The commands of a client that are quick reads. */
export class QuickCommands {
  readonly #options: QuickCommandsOptions;
  readonly #read: QuickRead;
  #packet: AssembledPacket | undefined;
  #running: string | undefined;
  #onEnd = (): void => {};

  constructor(options: QuickCommandsOptions) {
    this.#options = options;
    this.#read = new QuickRead(options.core, (end) => this.#end(end));
  }

  /** The text of the one under way. */
  get running(): string | undefined {
    return this.#running;
  }

  /** Calls `onEnd` when the command is answered; false when it is to be run the long way. */
  begin(packet: AssembledPacket, onEnd: () => void): boolean {
    // Inside compressed frames a packet may have any number.
    if (packet.firstSequenceId !== 0 || packet.oversized || !this.#options.mayBegin()) return false;
    const sql = this.#begin(packet);
    if (sql === undefined) return false;
    this.#running = sql;
    this.#packet = packet;
    this.#onEnd = onEnd;
    return true;
  }

  /** The text of what has begun. */
  #begin({ payload, raw }: AssembledPacket): string | undefined {
    if (payload.length > textBytesMax) return undefined;
    if (payload[0] === CommandByte.QUERY) {
      const sql = payload.toString('latin1', 1);
      // One behind a semicolon, be it a remark, is cut off before the text goes to a node.
      if (sql.includes(';')) return undefined;
      return this.#read.begin(this.#options.core.analyse(sql), sql, raw) ? sql : undefined;
    }
    if (payload[0] !== CommandByte.STMT_EXECUTE) return undefined;
    const execution = this.#options.prepared.quickExecution(payload);
    if (!execution) return undefined;
    const { statement, sql, packet } = execution;
    return this.#read.begin(statement, sql, packet) ? sql : undefined;
  }

  #end(end: QuickEnd): void {
    const packet = this.#packet;
    this.#packet = undefined;
    this.#running = undefined;
    if (end.kind === 'again' && packet) {
      void this.#options.run(packet).then(this.#onEnd);
      return;
    }
    if (end.kind === 'broken') this.#options.fault(end.error);
    this.#options.prepared.closeEndedCursors();
    this.#onEnd();
  }
}
