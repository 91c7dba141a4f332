import { asError } from '../base/as-error.ts';
import type { AssembledPacket } from '../protocol/command-scanner.ts';
import { commandPacket } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import { type QuickEnd, QuickRead } from './quick-read.ts';
import type { SessionCore } from './session-core.ts';

/** A longer text is not worth a second look. */
const textBytesMax = 16 * 1024;

export interface QuickCommandsOptions {
  readonly core: SessionCore;
  readonly prepared: PreparedStatements;
  /** Commands may carry query attributes. */
  readonly attributes: () => boolean;
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
    if (packet.firstSequenceId !== 0 || packet.oversized) return false;
    this.#packet = packet;
    this.#onEnd = onEnd;
    try {
      if (this.#begin(packet)) return true;
    } catch (error) {
      this.#end({ kind: 'failed', error: asError(error) });
      return true;
    }
    // A large one is not kept while its client does nothing.
    this.#packet = undefined;
    this.#running = undefined;
    return false;
  }

  #begin({ payload, raw }: AssembledPacket): boolean {
    if (payload.length > textBytesMax) return false;
    const attributed = this.#options.attributes();
    if (payload[0] === CommandByte.QUERY) {
      // How many attributes, and how many sets of them; nodes are sent neither.
      if (attributed && !(payload[1] === 0 && payload[2] === 1)) return false;
      const textAt = attributed ? 3 : 1;
      const sql = payload.toString('latin1', textAt);
      // One behind a semicolon, be it a remark, is cut off before the text goes to a node.
      if (sql.includes(';')) return false;
      this.#running = sql;
      const packet = attributed
        ? (): Buffer => commandPacket(CommandByte.QUERY, payload.subarray(textAt))
        : raw;
      return this.#read.begin(this.#options.core.analyse(sql), sql, packet);
    }
    if (payload[0] !== CommandByte.STMT_EXECUTE || attributed) return false;
    const execution = this.#options.prepared.quickExecution(this.#options.core, payload);
    if (!execution) return false;
    const { statement, sql, packet } = execution;
    this.#running = sql;
    return this.#read.begin(statement, sql, packet);
  }

  #end(end: QuickEnd): void {
    const packet = this.#packet;
    this.#packet = undefined;
    this.#running = undefined;
    if (end.kind === 'again' && packet) {
      void this.#options.run(packet).then(this.#onEnd);
      return;
    }
    if (end.kind === 'failed') this.#options.fault(end.error);
    this.#options.prepared.closeEndedCursors();
    this.#onEnd();
  }
}
