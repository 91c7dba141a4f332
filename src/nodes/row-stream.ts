import { Capability, has } from '../protocol/capabilities.ts';
import { type ColumnDefinition41, decodeColumnDefinition } from '../protocol/column-definition.ts';
import { PacketAssembler } from '../protocol/command-scanner.ts';
import { CommandByte } from '../protocol/commands.ts';
import { isEof } from '../protocol/eof-packet.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import { PayloadReader } from '../protocol/packet-reader.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import { decodeTextRow } from '../protocol/text-row.ts';
import { commandPacket, type NodeConnection } from './node-connection.ts';
import type { NodeResponseSink } from './node-response-sink.ts';
import { NodeQueryError } from './query-rows.ts';

/** The values of one row as the server sent them; null for NULL. */
export type RawRow = readonly (Buffer | null)[];

const heldBytesMax = 1024 * 1024;

/**
 * The rows of one SELECT as they come, in bounded memory: while the reader is behind, nothing
 * more is read from the server. Whoever stops reading early must destroy the connection.
 */
export class RowStream implements NodeResponseSink, AsyncIterable<RawRow[]> {
  readonly #connection: NodeConnection;
  readonly #assembler: PacketAssembler;
  readonly #columns: ColumnDefinition41[] = [];
  #definitionsLeft: number | undefined;
  #eofExpected = false;
  #rows: RawRow[] = [];
  #heldBytes = 0;
  #paused = false;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** The connection is lost by a row of more than `rowBytesMax`. */
  constructor(connection: NodeConnection, sql: string, rowBytesMax = Infinity) {
    this.#connection = connection;
    this.#assembler = new PacketAssembler({ payloadBytesMax: rowBytesMax });
    connection.send(commandPacket(CommandByte.QUERY, Buffer.from(sql)), 'query', this);
  }

  /** Empty for an answer without rows. To be asked before the rows are; rejects as they do. */
  async columns(): Promise<readonly ColumnDefinition41[]> {
    while (this.#definitionsLeft !== 0 && !this.#ended) await this.#more();
    if (this.#error) throw this.#error;
    return this.#columns;
  }

  /** Rejects with NodeQueryError, or what broke the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RawRow[]> {
    for (;;) {
      if (this.#rows.length > 0) {
        const rows = this.#rows;
        this.#rows = [];
        this.#heldBytes = 0;
        yield rows;
        continue;
      }
      // Also at the end: the connection is used for other things afterwards.
      if (this.#paused) {
        this.#paused = false;
        this.#connection.resume();
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return;
      await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  onData(bytes: Buffer): void {
    for (const { payload } of this.#assembler.push(bytes)) this.#onPacket(payload);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBytesMax && !this.#paused) {
      this.#paused = true;
      this.#connection.pause();
    }
    this.#notify();
  }

  #onPacket(payload: Buffer): void {
    if (this.#definitionsLeft === undefined) {
      this.#definitionsLeft = new PayloadReader(payload).lenencInt();
      this.#eofExpected = !has(this.#connection.capabilities, Capability.DEPRECATE_EOF);
    } else if (this.#definitionsLeft > 0) {
      this.#columns.push(decodeColumnDefinition(payload, this.#connection.capabilities));
      this.#definitionsLeft--;
    } else if (this.#eofExpected && isEof(payload)) this.#eofExpected = false;
    else this.#rows.push(decodeTextRow(payload));
  }

  onTerminal(terminal: Terminal): void {
    if (terminal.type === 'err') {
      const { errno, sqlState, message } = decodeErr(terminal.payload);
      this.#error = new NodeQueryError(errno, sqlState, message);
    }
  }

  onEnd(): void {
    this.#ended = true;
    this.#notify();
  }

  onLocalInfile(): void {
    this.onLost(new Error('a node asked for a local file'));
  }

  onLost(error: Error): void {
    this.#error = error;
    this.#ended = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
