import { assert } from '../base/assert.ts';
import { AnswerDigest } from './answer-digest.ts';
import type { NodeResponseSink } from '../nodes/node-response-sink.ts';
import { LockstepError } from '../base/errors.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import { decodeOk, encodeOk, type OkPacket } from '../protocol/ok-packet.ts';
import { Capability } from '../protocol/capabilities.ts';
import { MetadataFilter, type ResultsetMetadata } from '../protocol/metadata-filter.ts';
import { PayloadReader } from '../protocol/packet-reader.ts';
import type { ResponseKind, Terminal } from '../protocol/response-sink.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { StatusFlag } from '../protocol/status-flags.ts';
import {
  type ChangesOf,
  patchDefinitionsEnd,
  patchStatus,
  type VisibleStatus,
} from './status-patch.ts';

type Piece =
  | { readonly bytes: Buffer }
  | { readonly definitionsEnd: Buffer }
  | { readonly terminal: Terminal };

export interface HeldError {
  readonly errno: number;
  readonly message: string;
}

/**
 * A node's answer kept back: a write's answer may reach the client only once the write is
 * committed, and the answers of one multi-statement command must be numbered as one.
 */
export class HeldReply implements NodeResponseSink {
  readonly done: Promise<void>;
  readonly #pieces: Piece[] = [];
  readonly #bytesMax: number;
  readonly #kind: ResponseKind;
  #bytes = 0;
  #end: Terminal | undefined;
  #ok: OkPacket | undefined;
  #error: HeldError | undefined;
  #succeeded = false;
  #inTransaction = false;
  #rows: number | undefined;
  #tooLarge = false;
  #ended = false;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  constructor(bytesMax: number, kind: ResponseKind = 'query') {
    this.#bytesMax = bytesMax;
    this.#kind = kind;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever holds the reply awaits it, but perhaps only after a connection is found lost.
    this.done.catch(() => {});
  }

  /** The whole answer is there. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What it ends with, once it has ended. */
  get end(): Terminal | undefined {
    return this.#end;
  }

  /** The last OK packet, when the statement returned no rows. */
  get ok(): OkPacket | undefined {
    return this.#ok;
  }

  /** How many rows its last result had that had any columns. */
  get rows(): number | undefined {
    return this.#rows;
  }

  /** The server's refusal, if the answer ends in one. */
  get error(): HeldError | undefined {
    return this.#error;
  }

  /** The statement succeeded, and no transaction is open on its connection. */
  get outsideTransaction(): boolean {
    return this.#succeeded && !this.#inTransaction;
  }

  onData(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bytesMax) {
      this.#tooLarge = true;
      this.#pieces.length = 0;
      return;
    }
    this.#pieces.push({ bytes });
  }

  onDefinitionsEnd(raw: Buffer): void {
    if (!this.#tooLarge) this.#pieces.push({ definitionsEnd: raw });
  }

  onTerminal(terminal: Terminal): void {
    this.#pieces.push({ terminal });
    this.#end = terminal;
    this.#succeeded = terminal.type !== 'err';
    if (terminal.type === 'eof') this.#rows = terminal.rows;
    this.#inTransaction = (terminal.statusFlags & StatusFlag.IN_TRANS) !== 0;
    if (terminal.type === 'ok') this.#ok = decodeOk(terminal.payload, Capability.PROTOCOL_41);
    if (terminal.type === 'err') {
      const { errno, message } = decodeErr(terminal.payload);
      this.#error = { errno, message };
    }
  }

  onEnd(): void {
    if (this.#tooLarge) this.#reject(this.#tooLargeError());
    else {
      this.#ended = true;
      this.#resolve();
    }
  }

  /** Changes the OK packet that ends it. */
  amend(changes: Partial<OkPacket>): void {
    const at = this.#pieces.length - 1;
    const piece = this.#pieces[at];
    if (!this.#ok || !piece || !('terminal' in piece)) return;
    this.#ok = { ...this.#ok, ...changes };
    const payload = encodeOk(this.#ok, Capability.PROTOCOL_41);
    const raw = encodePacket(payload, piece.terminal.sequenceId);
    this.#end = { ...piece.terminal, raw, payload };
    this.#pieces[at] = { terminal: this.#end };
  }

  onLocalInfile(): void {
    this.#reject(new LockstepError('unsupported', 'LOAD DATA LOCAL INFILE is not supported'));
  }

  onLost(error: Error): void {
    this.#reject(error);
  }

  /**
   * Puts the rows of a later answer behind those of this one, which has the same columns, and ends
   * it as that one ends. Throws packet_too_large.
   */
  append(later: HeldReply): void {
    const end = later.#end;
    assert(end && this.#end, 'both answers are whole');
    const { rows } = this.#end;
    const bytes = later.#pieces.flatMap((piece) => ('bytes' in piece ? [piece.bytes] : []));
    this.#pieces.pop();
    this.onData(behindDefinitions(Buffer.concat(bytes)));
    if (this.#tooLarge) throw this.#tooLargeError();
    this.onTerminal({ ...end, rows: rows + end.rows });
  }

  /** Puts another row in the place of each of a single result. */
  changeRows(change: (row: Buffer) => Buffer): void {
    if (this.#ok || this.#error) return;
    const end = this.#pieces.pop();
    const definitionsEnd = this.#pieces.find((piece) => 'definitionsEnd' in piece);
    const bytes = Buffer.concat(
      this.#pieces.flatMap((piece) => ('bytes' in piece ? [piece.bytes] : [])),
    );
    const rows = behindDefinitions(bytes);
    const changed: Buffer[] = [];
    for (let at = 0; at + 4 <= rows.length; ) {
      const next = at + 4 + rows.readUIntLE(at, 3);
      changed.push(encodePacket(change(rows.subarray(at + 4, next)), 0));
      at = next;
    }
    const definitions = { bytes: bytes.subarray(0, bytes.length - rows.length) };
    const pieces = [definitions, definitionsEnd, { bytes: Buffer.concat(changed) }, end];
    this.#pieces.splice(0, Infinity, ...pieces.filter((piece) => piece !== undefined));
  }

  #tooLargeError(): LockstepError {
    return new LockstepError(
      'packet_too_large',
      `the answer is over ${this.#bytesMax} bytes, more than can be held back until commit ` +
        '(limits.result_buffer_bytes)',
    );
  }

  /** Equal for answers that tell a client the same. */
  digest(): string {
    const digest = new AnswerDigest();
    for (const piece of this.#pieces) {
      if ('bytes' in piece) digest.add(piece.bytes);
      else if ('definitionsEnd' in piece) digest.addDefinitionsEnd(piece.definitionsEnd);
      else digest.addTerminal(piece.terminal);
    }
    return digest.value();
  }

  /** The answer as the client should get it; packets are numbered from `firstSequenceId`. */
  render(
    status: VisibleStatus,
    firstSequenceId: number,
    {
      changes,
      metadata,
    }: { changes?: ChangesOf | undefined; metadata?: ResultsetMetadata | undefined } = {},
  ): { bytes: Buffer; nextSequenceId: number } {
    const filter = MetadataFilter.for(metadata, this.#kind);
    const bytes = Buffer.concat(
      this.#pieces.map((piece) => {
        if ('bytes' in piece) return filter ? filter.data(Buffer.from(piece.bytes)) : piece.bytes;
        if ('definitionsEnd' in piece) return patchDefinitionsEnd(piece.definitionsEnd, status);
        if (!piece.terminal.last) filter?.nextResult();
        return patchStatus(piece.terminal, status, changes);
      }),
    );
    return { bytes, nextSequenceId: renumber(bytes, firstSequenceId) };
  }
}

/** What follows the count of the columns and a packet for each. */
function behindDefinitions(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  let packets = 1 + new PayloadReader(bytes, 4).lenencInt();
  let at = 0;
  for (; packets > 0; packets -= 1) at += 4 + bytes.readUIntLE(at, 3);
  return bytes.subarray(at);
}

/** Numbers whole packets in place; returns the number that follows the last. */
function renumber(bytes: Buffer, firstSequenceId: number): number {
  let sequenceId = firstSequenceId;
  for (let at = 0; at + 4 <= bytes.length; ) {
    bytes[at + 3] = sequenceId & 0xff;
    sequenceId++;
    at += 4 + bytes.readUIntLE(at, 3);
  }
  return sequenceId & 0xff;
}
