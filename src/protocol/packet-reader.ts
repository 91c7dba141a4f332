import { LockstepError } from '../base/errors.ts';

/**
 * Reads the fields of one packet payload from front to back. Every method throws
 * LockstepError('malformed_packet') when the payload ends too early. Byte results are views
 * into the payload, not copies.
 * Field types: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html
 */
export class PayloadReader {
  readonly #payload: Buffer;
  #offset: number;

  constructor(payload: Buffer, offset = 0) {
    this.#payload = payload;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#payload.length - this.#offset;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#payload.length;
  }

  /** The next byte without consuming it, -1 at the end. */
  peek(): number {
    return this.#payload[this.#offset] ?? -1;
  }

  advance(length: number): void {
    this.#take(length);
  }

  u8(): number {
    return this.#payload.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#payload.readUInt16LE(this.#take(2));
  }

  u24(): number {
    return this.#payload.readUIntLE(this.#take(3), 3);
  }

  u32(): number {
    return this.#payload.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#payload.readBigUInt64LE(this.#take(8));
  }

  i8(): number {
    return this.#payload.readInt8(this.#take(1));
  }

  i16(): number {
    return this.#payload.readInt16LE(this.#take(2));
  }

  i32(): number {
    return this.#payload.readInt32LE(this.#take(4));
  }

  i64(): bigint {
    return this.#payload.readBigInt64LE(this.#take(8));
  }

  float(): number {
    return this.#payload.readFloatLE(this.#take(4));
  }

  double(): number {
    return this.#payload.readDoubleLE(this.#take(8));
  }

  /** A length-encoded integer that must fit into 2^53: a length or a small count. */
  lenencInt(): number {
    const value = this.lenencBigInt();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('length out of range');
    return Number(value);
  }

  /** A length-encoded integer of up to 64 bits. */
  lenencBigInt(): bigint {
    const first = this.u8();
    if (first < 0xfb) return BigInt(first);
    if (first === 0xfc) return BigInt(this.u16());
    if (first === 0xfd) return BigInt(this.u24());
    if (first === 0xfe) return this.u64();
    throw malformed(`0x${first.toString(16)} does not begin a length-encoded integer`);
  }

  /** A length-encoded integer as a number where that is exact, else as a bigint. */
  lenencNumber(): number | bigint {
    const value = this.lenencBigInt();
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  bytes(length: number): Buffer {
    const start = this.#take(length);
    return this.#payload.subarray(start, start + length);
  }

  lenencBytes(): Buffer {
    return this.bytes(this.lenencInt());
  }

  /** Length-encoded bytes, or null for the single byte 0xfb that stands for NULL in text rows. */
  nullableLenencBytes(): Buffer | null {
    if (this.peek() !== 0xfb) return this.lenencBytes();
    this.#offset += 1;
    return null;
  }

  /** Bytes up to a zero byte; the zero is consumed and is not part of the result. */
  nullTerminated(): Buffer {
    const end = this.#payload.indexOf(0, this.#offset);
    if (end < 0) throw malformed('a string has no terminating zero');
    const start = this.#offset;
    this.#offset = end + 1;
    return this.#payload.subarray(start, end);
  }

  /** As `nullTerminated`, but the end of the payload also ends the string. */
  nullTerminatedOrRest(): Buffer {
    return this.#payload.indexOf(0, this.#offset) < 0 ? this.rest() : this.nullTerminated();
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  /** Reserves `length` bytes and returns where they begin. */
  #take(length: number): number {
    const start = this.#offset;
    if (length < 0 || start + length > this.#payload.length) {
      throw malformed(`${length} bytes wanted at ${start} of ${this.#payload.length}`);
    }
    this.#offset = start + length;
    return start;
  }
}

/** The error for bytes that no correct peer sends. */
export function malformed(detail: string): LockstepError {
  return new LockstepError('malformed_packet', `Malformed packet: ${detail}`);
}
