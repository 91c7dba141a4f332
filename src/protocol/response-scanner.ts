import { eofLengthLimit, eofPayloadBytes } from './eof-packet.ts';
import { malformed } from './packet-reader.ts';
import { headerBytes, partBytesMax } from './packet-writer.ts';
import { columnCount, endStatus, eofStatus } from './quick-fields.ts';
import type { ResponseKind, ResponseSink, TerminalType } from './response-sink.ts';
import { StatusFlag } from './status-flags.ts';
import { type WholeResult, wholeResultAt } from './whole-result.ts';

/**
 * ```
 *            first ──── column count ───> definitions ──> [definitions_eof] ──> rows ──┐
 *  begin ──>   │ OK, ERR, infile               (prepare ends here)                     │
 *              └<──────────── MORE_RESULTS_EXISTS ────────────────────────── EOF, ERR ─┘
 * ```
 */
type Phase = 'idle' | 'first' | 'definitions' | 'definitions_eof' | 'rows';

const okByte = 0x00;
const infileByte = 0xfb;
const eofByte = 0xfe;
const errByte = 0xff;
/**
 * Without DEPRECATE_EOF, MySQL sets these two in the EOF before a row of OUT parameters but
 * not in the one behind it, though an OK follows (seen with 9.7: fixture `execute_call_plain`).
 * MariaDB sets them in both.
 */
const outParametersAndMore = StatusFlag.PS_OUT_PARAMS | StatusFlag.MORE_RESULTS_EXISTS;
const decidingBytes = headerBytes + 1;
const notInChunk = -1;
const empty = Buffer.alloc(0);

/**
 * Follows the answers on one connection without decoding rows: what is forwarded is never
 * copied, and nothing is allocated for a row. Only packets that steer (the first of a
 * response, closing ones) are looked into, and joined where chunks cut them.
 *
 * The connection must not have agreed on OPTIONAL_RESULTSET_METADATA, on MariaDB's
 * CACHE_METADATA or PROGRESS, or on compression: these change the framing.
 *
 * Sources: pages "Protocol::COM_QUERY Response", "Text Resultset", "COM_STMT_PREPARE Response",
 * "COM_STMT_FETCH"; MySQL `sql/protocol_classic.cc`.
 */
export class ResponseScanner {
  readonly #deprecateEof: boolean;
  readonly #eofLengthLimit: number;
  readonly #onErr: ((payload: Buffer) => void) | undefined;
  #kind: ResponseKind = 'simple';
  #phase: Phase = 'idle';
  #resultIndex = 0;
  #rows = 0;
  /** Packets of the phase `definitions` still to pass. */
  #definitionsLeft = 0;
  /** The result holds OUT parameters and more follow: only the EOF before its row says so. */
  #moreAfterOutParameters = false;
  /** The part before was full, so this one goes on with the same packet. */
  #continued = false;
  /** Bytes of a forwarded packet's body that are still to come. */
  #skip = 0;
  /** Header and first payload byte of a packet that the chunks so far do not decide. */
  readonly #head = Buffer.alloc(decidingBytes);
  #headFilled = 0;
  /** A steering packet that chunks cut, and how much of it is there. */
  #captured: Buffer = empty;
  #capturedBytes = 0;
  /** Where the bytes of this chunk that are to be forwarded begin. */
  #runStart = 0;
  /** The response ended within the current call of `push`. */
  #ended = false;

  /** `onErr` sees each ERR payload before the sink; what it throws, `push` throws. */
  constructor(options: { deprecateEof: boolean; onErr?: (payload: Buffer) => void }) {
    const { deprecateEof, onErr } = options;
    this.#deprecateEof = deprecateEof;
    this.#onErr = onErr;
    this.#eofLengthLimit = deprecateEof ? partBytesMax : eofLengthLimit;
  }

  /** The response to a command that was sent begins. The one before must have ended. */
  begin(kind: ResponseKind): void {
    this.#kind = kind;
    this.#phase = kind === 'fetch' || kind === 'field_list' ? 'rows' : 'first';
    this.#resultIndex = 0;
    this.#rows = 0;
    this.#definitionsLeft = 0;
    this.#moreAfterOutParameters = false;
    this.#continued = false;
    this.#skip = 0;
    this.#headFilled = 0;
    this.#captured = empty;
    this.#capturedBytes = 0;
  }

  /** A response has begun and has not ended. */
  get active(): boolean {
    return this.#phase !== 'idle';
  }

  /**
   * The answer, if it is a result set that begins at `offset` and ends in the chunk, as most do.
   * It is over then, and nothing of it is to be pushed.
   */
  takeWhole(chunk: Buffer, offset: number): WholeResult | undefined {
    const begun = this.#headFilled > 0 || this.#captured.length > 0 || this.#resultIndex > 0;
    if (begun || this.#phase !== 'first' || this.#kind !== 'query') return undefined;
    const whole = wholeResultAt(chunk, offset, this.#deprecateEof);
    if (whole) this.#phase = 'idle';
    return whole;
  }

  /**
   * Consumes bytes of the current response only. Returns how many: all from `offset` on,
   * unless the response ended inside. Throws LockstepError('malformed_packet').
   */
  push(chunk: Buffer, offset: number, sink: ResponseSink): number {
    if (this.#phase === 'idle') return 0;
    let position = offset;
    this.#runStart = offset;
    // Not `active`: the sink may begin the next response while it is told that this one ended.
    this.#ended = false;
    while (position < chunk.length && !this.#ended) {
      if (this.#captured.length > 0) position = this.#fillCaptured(chunk, position, sink);
      else if (this.#skip > 0) position = this.#skipBody(chunk, position, sink);
      else if (this.#headFilled > 0 || chunk.length - position < decidingBytes) {
        position = this.#fillHead(chunk, position, sink);
      } else position = this.#passPackets(chunk, position, sink);
    }
    this.#flush(chunk, position, sink);
    return position - offset;
  }

  /** The hot loop: from one packet boundary over packets that need not be looked into. */
  #passPackets(chunk: Buffer, from: number, sink: ResponseSink): number {
    const end = chunk.length;
    const lastStart = end - decidingBytes;
    let at = from;
    while (at <= lastStart) {
      const length =
        (chunk[at] as number) |
        ((chunk[at + 1] as number) << 8) |
        ((chunk[at + 2] as number) << 16);
      if (this.#steers(length, chunk[at + headerBytes] as number)) {
        return this.#steer(chunk, at, length, sink);
      }
      if (!this.#continued) this.#rows += 1;
      this.#continued = length === partBytesMax;
      at += headerBytes + length;
      if (at > end) {
        this.#skip = at - end;
        return end;
      }
      if (this.#phase === 'definitions') {
        this.#passedDefinition(chunk, at, sink);
        if (this.#ended) return at;
      }
    }
    return at;
  }

  /** Whether a packet must be seen as a whole. `first` means nothing when it is empty. */
  #steers(length: number, first: number): boolean {
    switch (this.#phase) {
      case 'rows':
        return (
          first >= eofByte &&
          !this.#continued &&
          length > 0 &&
          (first === errByte || length < this.#eofLengthLimit)
        );
      case 'definitions':
        return false;
      case 'first':
      case 'definitions_eof':
      case 'idle':
        return true;
    }
  }

  /** Takes a steering packet that begins in this chunk. */
  #steer(chunk: Buffer, at: number, length: number, sink: ResponseSink): number {
    const end = at + headerBytes + length;
    if (end <= chunk.length) {
      this.#onSteering(chunk.subarray(at, end), chunk, at, sink);
      return end;
    }
    this.#flush(chunk, at, sink);
    this.#captured = Buffer.allocUnsafe(headerBytes + length);
    this.#capturedBytes = chunk.copy(this.#captured, 0, at);
    this.#runStart = chunk.length;
    return chunk.length;
  }

  #fillCaptured(chunk: Buffer, from: number, sink: ResponseSink): number {
    const end = Math.min(chunk.length, from + this.#captured.length - this.#capturedBytes);
    this.#capturedBytes += chunk.copy(this.#captured, this.#capturedBytes, from, end);
    this.#runStart = end;
    if (this.#capturedBytes < this.#captured.length) return end;
    const raw = this.#captured;
    this.#captured = empty;
    this.#onSteering(raw, chunk, notInChunk, sink);
    return end;
  }

  #skipBody(chunk: Buffer, from: number, sink: ResponseSink): number {
    const end = Math.min(chunk.length, from + this.#skip);
    this.#skip -= end - from;
    if (this.#skip === 0 && this.#phase === 'definitions') this.#passedDefinition(chunk, end, sink);
    return end;
  }

  /** Holds the bytes of a packet back until its kind is known: 5 of them, 4 if it is empty. */
  #fillHead(chunk: Buffer, from: number, sink: ResponseSink): number {
    const heldBefore = this.#headFilled;
    let at = from;
    while (at < chunk.length && !this.#headDecides()) {
      this.#head[this.#headFilled] = chunk[at] as number;
      this.#headFilled += 1;
      at += 1;
    }
    if (!this.#headDecides()) {
      this.#flush(chunk, from, sink);
      this.#runStart = at;
      return at;
    }
    const filled = this.#headFilled;
    const length = this.#head.readUIntLE(0, 3);
    this.#headFilled = 0;
    if (this.#steers(length, this.#head[headerBytes] as number)) {
      this.#flush(chunk, from, sink);
      this.#captured = Buffer.allocUnsafe(headerBytes + length);
      this.#capturedBytes = this.#head.copy(this.#captured, 0, 0, filled);
      return this.#fillCaptured(chunk, at, sink);
    }
    if (heldBefore > 0) sink.onData(Buffer.from(this.#head.subarray(0, heldBefore)));
    if (!this.#continued) this.#rows += 1;
    this.#continued = length === partBytesMax;
    this.#skip = headerBytes + length - filled;
    return this.#skipBody(chunk, at, sink);
  }

  #headDecides(): boolean {
    if (this.#headFilled < headerBytes) return false;
    return this.#headFilled === decidingBytes || this.#head.readUIntLE(0, 3) === 0;
  }

  #passedDefinition(chunk: Buffer, position: number, sink: ResponseSink): void {
    if (this.#continued) return;
    this.#definitionsLeft -= 1;
    if (this.#definitionsLeft > 0) return;
    this.#rows = 0;
    if (this.#kind === 'prepare') this.#end(chunk, position, sink);
    else this.#phase = this.#deprecateEof ? 'rows' : 'definitions_eof';
  }

  /** `at`: where the packet begins in the chunk, or `notInChunk` when it was joined. */
  #onSteering(raw: Buffer, chunk: Buffer, at: number, sink: ResponseSink): void {
    const payloadBytes = raw.length - headerBytes;
    if (payloadBytes === 0 || payloadBytes === partBytesMax) {
      throw malformed(`a steering packet of ${payloadBytes} bytes`);
    }
    const first = raw[headerBytes] as number;
    if (first === errByte) this.#terminal('err', raw, chunk, at, sink);
    else if (this.#phase === 'rows') this.#closing(raw, chunk, at, sink);
    else if (this.#phase === 'definitions_eof') {
      if (first !== eofByte) throw malformed('no EOF after the column definitions');
      // A statement executed with a cursor has no rows here: they come by COM_STMT_FETCH.
      const flags = eofStatus(raw.subarray(headerBytes));
      if ((flags & StatusFlag.CURSOR_EXISTS) !== 0) this.#terminal('eof', raw, chunk, at, sink);
      else {
        if (sink.onDefinitionsEnd) {
          this.#takeOut(raw, chunk, at, sink);
          sink.onDefinitionsEnd(raw);
        } else this.#forward(raw, at, sink);
        this.#moreAfterOutParameters = (flags & outParametersAndMore) === outParametersAndMore;
        this.#phase = 'rows';
      }
    } else this.#onFirst(raw, chunk, at, sink);
  }

  /** The first packet of a result, which is no ERR. */
  #onFirst(raw: Buffer, chunk: Buffer, at: number, sink: ResponseSink): void {
    const first = raw[headerBytes] as number;
    if (this.#kind === 'prepare') this.#onPrepared(raw, chunk, at, sink);
    else if (this.#kind === 'statistics') {
      this.#forward(raw, at, sink);
      this.#end(chunk, at === notInChunk ? this.#runStart : at + raw.length, sink);
    } else if (first === okByte) this.#terminal('ok', raw, chunk, at, sink);
    else if (first === eofByte) this.#closing(raw, chunk, at, sink);
    else if (this.#kind !== 'query') {
      throw malformed(`0x${first.toString(16)} begins the answer to a simple command`);
    } else if (first === infileByte) {
      this.#takeOut(raw, chunk, at, sink);
      // The phase stays `first`: after the client's file the server sends its OK or ERR.
      sink.onLocalInfile(raw, raw.toString('latin1', headerBytes + 1));
    } else {
      this.#definitionsLeft = columnCount(raw.subarray(headerBytes));
      this.#phase = 'definitions';
      this.#forward(raw, at, sink);
    }
  }

  /** 00 | statement id u32 | columns u16 | parameters u16 | … then the definitions. */
  #onPrepared(raw: Buffer, chunk: Buffer, at: number, sink: ResponseSink): void {
    const payload = raw.subarray(headerBytes);
    if (payload[0] !== okByte || payload.length < 9) throw malformed('not an answer to prepare');
    const groups = [payload.readUInt16LE(7), payload.readUInt16LE(5)];
    let packets = 0;
    for (const count of groups) packets += count > 0 && !this.#deprecateEof ? count + 1 : count;
    this.#definitionsLeft = packets;
    this.#phase = 'definitions';
    this.#forward(raw, at, sink);
    if (packets === 0) this.#end(chunk, at === notInChunk ? this.#runStart : at + raw.length, sink);
    sink.onPrepareOk?.(payload);
  }

  /** 0xfe that ends rows: an EOF, or an OK packet under DEPRECATE_EOF. */
  #closing(raw: Buffer, chunk: Buffer, at: number, sink: ResponseSink): void {
    const eof = raw.length - headerBytes === eofPayloadBytes;
    this.#terminal(eof ? 'eof' : 'result_end_ok', raw, chunk, at, sink);
  }

  #terminal(type: TerminalType, raw: Buffer, chunk: Buffer, at: number, sink: ResponseSink): void {
    this.#takeOut(raw, chunk, at, sink);
    const payload = raw.subarray(headerBytes);
    if (type === 'err') this.#onErr?.(payload);
    const statusFlags = type === 'err' ? 0 : endStatus(type === 'eof', payload);
    const more = (statusFlags & StatusFlag.MORE_RESULTS_EXISTS) !== 0;
    const last = !more && (!this.#moreAfterOutParameters || type === 'err');
    this.#moreAfterOutParameters = false;
    const resultIndex = this.#resultIndex;
    this.#phase = last ? 'idle' : 'first';
    this.#ended = last;
    this.#resultIndex += 1;
    sink.onTerminal({
      type,
      payload,
      raw,
      sequenceId: raw[3] as number,
      statusFlags,
      last,
      resultIndex,
      rows: type === 'ok' || type === 'err' ? 0 : this.#rows,
    });
  }

  /** A packet to be forwarded: in the chunk it is part of the run already. */
  #forward(raw: Buffer, at: number, sink: ResponseSink): void {
    if (at === notInChunk) sink.onData(raw);
  }

  /** A packet not to be forwarded as data: ends the run before it and begins one behind it. */
  #takeOut(raw: Buffer, chunk: Buffer, at: number, sink: ResponseSink): void {
    if (at === notInChunk) return;
    this.#flush(chunk, at, sink);
    this.#runStart = at + raw.length;
  }

  /** The response ends without a terminal packet. */
  #end(chunk: Buffer, position: number, sink: ResponseSink): void {
    this.#flush(chunk, position, sink);
    this.#phase = 'idle';
    this.#ended = true;
  }

  #flush(chunk: Buffer, end: number, sink: ResponseSink): void {
    const start = this.#runStart;
    if (end <= start) return;
    this.#runStart = end;
    sink.onData(chunk.subarray(start, end));
  }
}
