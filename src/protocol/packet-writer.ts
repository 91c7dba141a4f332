/** A payload of exactly this length is followed by another part, possibly empty. */
export const partBytesMax = 0xffffff;
export const headerBytes = 4;

/**
 * Builds one packet payload from front to back in a growing buffer.
 * Field types: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html
 */
export class PayloadWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(bytesExpected = 64) {
    this.#buffer = Buffer.allocUnsafe(Math.max(bytesExpected, 16));
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#buffer.writeUInt8(value, at);
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#buffer.writeUInt16LE(value, at);
    return this;
  }

  u24(value: number): this {
    const at = this.#reserve(3);
    this.#buffer.writeUIntLE(value, at, 3);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#buffer.writeUInt32LE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64LE(value, at);
    return this;
  }

  i64(value: bigint): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigInt64LE(value, at);
    return this;
  }

  float(value: number): this {
    const at = this.#reserve(4);
    this.#buffer.writeFloatLE(value, at);
    return this;
  }

  double(value: number): this {
    const at = this.#reserve(8);
    this.#buffer.writeDoubleLE(value, at);
    return this;
  }

  zeros(length: number): this {
    const start = this.#reserve(length);
    this.#buffer.fill(0, start, start + length);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  lenencInt(value: number | bigint): this {
    if (value < 0xfb) return this.u8(Number(value));
    if (value <= 0xffff) return this.u8(0xfc).u16(Number(value));
    if (value <= 0xffffff) return this.u8(0xfd).u24(Number(value));
    return this.u8(0xfe).u64(BigInt(value));
  }

  lenencBytes(value: Uint8Array): this {
    return this.lenencInt(value.length).bytes(value);
  }

  /** Characters above 0xff lose their upper bits: pass binary strings only. */
  latin1(value: string): this {
    const at = this.#reserve(value.length);
    this.#buffer.write(value, at, 'latin1');
    return this;
  }

  lenencLatin1(value: string): this {
    return this.lenencInt(value.length).latin1(value);
  }

  nullTerminated(value: Uint8Array): this {
    return this.bytes(value).u8(0);
  }

  /** The payload so far, as a view; the writer must not be used after it. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Where `length` bytes may be written. May replace the buffer, so it goes first. */
  #reserve(length: number): number {
    const start = this.#length;
    const end = start + length;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, start);
      this.#buffer = larger;
    }
    this.#length = end;
    return start;
  }
}

/**
 * Adds packet headers: 3 bytes length, 1 byte sequence id. A payload of 0xffffff bytes or more
 * is split into parts with rising sequence ids, the last of which is shorter than 0xffffff.
 * Source: page "MySQL Packets", "Sending More Than 16Mb".
 */
export function encodePacket(payload: Uint8Array, sequenceId: number): Buffer {
  const parts = Math.floor(payload.length / partBytesMax) + 1;
  const packet = Buffer.allocUnsafe(payload.length + parts * headerBytes);
  let from = 0;
  let to = 0;
  for (let part = 0; part < parts; part += 1) {
    const length = Math.min(partBytesMax, payload.length - from);
    packet.writeUIntLE(length, to, 3);
    packet[to + 3] = (sequenceId + part) & 0xff;
    packet.set(payload.subarray(from, from + length), to + headerBytes);
    from += length;
    to += headerBytes + length;
  }
  return packet;
}
