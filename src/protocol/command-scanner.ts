import { LockstepError } from '../base/errors.ts';
import { headerBytes, partBytesMax } from './packet-writer.ts';

/** One whole packet; one longer than 16 MB arrives in several parts and is joined. */
export interface AssembledPacket {
  readonly payload: Buffer;
  /** Of its last part: an answer carries the next one. */
  readonly sequenceId: number;
  /** Of its first part; undefined inside compressed frames, where no server looks at it. */
  readonly firstSequenceId: number | undefined;
  /** Its next part had another number than the next: nothing of it is kept, or comes after it. */
  readonly disordered: boolean;
  /** As received, headers included: to be forwarded unchanged. */
  readonly raw: Buffer;
  /** It was over the limit: nothing of it has been kept. */
  readonly oversized: boolean;
}

export interface PacketAssemblerOptions {
  readonly payloadBytesMax: number;
  /** Pass over packets above the limit, or out of order, and report them, instead of throwing. */
  readonly report?: boolean;
  /** False inside compressed frames. */
  readonly numbered?: boolean;
}

const empty = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into packets. A packet that lies in one chunk is a view into it;
 * others are joined once, when their last byte is there.
 */
export class PacketAssembler {
  readonly #payloadBytesMax: number;
  readonly #report: boolean;
  readonly #numbered: boolean;
  /** Of the header that came last: the length of the part, and its number. */
  #partBytes = 0;
  #sequenceId = 0;
  #headerFilled = 0;
  /** Bytes of the current part's body that are still to come. */
  #bodyMissing = 0;
  #parts = 0;
  #payloadBytes = 0;
  #oversized = false;
  #firstSequenceId = 0;
  /** Of the last part that was in order. */
  #lastSequenceId = 0;
  /** A part was out of order: what follows means nothing. */
  #disordered = false;
  #pending: Buffer[] = [];

  constructor({ payloadBytesMax, report = false, numbered = true }: PacketAssemblerOptions) {
    this.#payloadBytesMax = payloadBytesMax;
    this.#report = report;
    this.#numbered = numbered;
  }

  /** Bytes of an unfinished packet are held. */
  get partial(): boolean {
    return this.#headerFilled > 0 || this.#parts > 0;
  }

  /** Of the part begun last, for the answer to a packet that was refused. */
  get lastSequenceId(): number {
    return this.#sequenceId;
  }

  /**
   * Returns the packets that end in this chunk. Unless such packets are reported, throws
   * LockstepError('packet_too_large') as soon as a header announces more than the limit, before
   * its body is held; the assembler must not be used after that.
   */
  push(chunk: Buffer): AssembledPacket[] {
    const packets: AssembledPacket[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      const { packet, consumed } = this.pushOne(chunk, offset);
      if (packet !== undefined) packets.push(packet);
      offset += consumed;
    }
    return packets;
  }

  /**
   * As `push`, but stops behind the first packet that ends. For the login: what follows a
   * request for TLS in the same chunk is TLS and no packet.
   */
  pushOne(
    chunk: Buffer,
    offset: number,
  ): { packet: AssembledPacket | undefined; consumed: number } {
    if (this.#disordered) return { packet: undefined, consumed: chunk.length - offset };
    const whole = this.partial ? undefined : this.#wholePacket(chunk, offset);
    if (whole !== undefined) return { packet: whole, consumed: whole.raw.length };
    let position = offset;
    while (position < chunk.length) {
      const start = position;
      position = this.#takePart(chunk, position);
      if (this.#disordered) return { packet: this.#endDisordered(), consumed: position - offset };
      if (!this.#oversized) this.#pending.push(chunk.subarray(start, position));
      if (this.#headerFilled < headerBytes || this.#bodyMissing > 0) break;
      this.#headerFilled = 0;
      if (this.#partBytes === partBytesMax) continue;
      return { packet: this.#finish(), consumed: position - offset };
    }
    return { packet: undefined, consumed: position - offset };
  }

  /** The common case: a packet of one part that lies in the chunk as a whole. */
  #wholePacket(chunk: Buffer, offset: number): AssembledPacket | undefined {
    if (chunk.length - offset < headerBytes) return undefined;
    const length = chunk.readUIntLE(offset, 3);
    const end = offset + headerBytes + length;
    if (length === partBytesMax || end > chunk.length) return undefined;
    const sequenceId = chunk[offset + 3] ?? 0;
    this.#sequenceId = sequenceId;
    const oversized = this.#exceedsLimit(length);
    const raw = chunk.subarray(offset, end);
    const payload = oversized ? empty : raw.subarray(headerBytes);
    const firstSequenceId = this.#numbered ? sequenceId : undefined;
    return { payload, sequenceId, firstSequenceId, disordered: false, raw, oversized };
  }

  /** Consumes bytes of the current part, its header first; returns the offset behind them. */
  #takePart(chunk: Buffer, from: number): number {
    let offset = from;
    while (this.#headerFilled < headerBytes) {
      if (offset === chunk.length) return offset;
      this.#takeHeaderByte(chunk[offset] ?? 0);
      offset += 1;
      if (this.#headerFilled < headerBytes) continue;
      if (!this.#noteNumber(this.#sequenceId)) return offset;
      this.#bodyMissing = this.#partBytes;
      this.#parts += 1;
      this.#payloadBytes += this.#bodyMissing;
      if (!this.#exceedsLimit(this.#payloadBytes)) continue;
      this.#oversized = true;
      this.#pending = [];
    }
    const taken = Math.min(this.#bodyMissing, chunk.length - offset);
    this.#bodyMissing -= taken;
    return offset + taken;
  }

  #takeHeaderByte(byte: number): void {
    const at = this.#headerFilled;
    if (at === 0) this.#partBytes = 0;
    if (at === headerBytes - 1) this.#sequenceId = byte;
    else this.#partBytes |= byte << (8 * at);
    this.#headerFilled += 1;
  }

  /** False when it is not the one after that of the part before. */
  #noteNumber(sequenceId: number): boolean {
    if (this.#parts === 0) this.#firstSequenceId = sequenceId;
    else if (this.#numbered && sequenceId !== ((this.#lastSequenceId + 1) & 0xff)) {
      if (!this.#report) throw packetsOutOfOrder();
      this.#disordered = true;
      return false;
    }
    this.#lastSequenceId = sequenceId;
    return true;
  }

  #endDisordered(): AssembledPacket {
    this.#pending = [];
    return {
      payload: empty,
      sequenceId: this.#lastSequenceId,
      firstSequenceId: this.#firstSequenceId,
      disordered: true,
      raw: empty,
      oversized: false,
    };
  }

  #finish(): AssembledPacket {
    const raw =
      this.#pending.length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending);
    const oversized = this.#oversized;
    const payload =
      this.#parts === 1 || oversized ? raw.subarray(headerBytes) : joinParts(raw, this.#parts);
    this.#pending = [];
    this.#parts = 0;
    this.#payloadBytes = 0;
    this.#oversized = false;
    const sequenceId = this.#lastSequenceId;
    const firstSequenceId = this.#numbered ? this.#firstSequenceId : undefined;
    return { payload, sequenceId, firstSequenceId, disordered: false, raw, oversized };
  }

  #exceedsLimit(payloadBytes: number): boolean {
    if (payloadBytes <= this.#payloadBytesMax) return false;
    if (this.#report) return true;
    throw packetTooLarge(this.#payloadBytesMax);
  }
}

/** In the servers' words, and with the limit. */
export function packetTooLarge(payloadBytesMax: number): LockstepError {
  return new LockstepError(
    'packet_too_large',
    "Got a packet bigger than 'max_allowed_packet' bytes " +
      `(${payloadBytesMax}: limits.packet_bytes, or what a node takes)`,
  );
}

/** Stands for one that came out of order, so that those ahead of it have their answers first. */
export const disorderedPacket: AssembledPacket = {
  payload: empty,
  sequenceId: 0xff,
  firstSequenceId: undefined,
  disordered: true,
  raw: empty,
  oversized: false,
};

/** In the servers' words, who then close the connection (ER_NET_PACKETS_OUT_OF_ORDER). */
export const packetsOutOfOrder = (): LockstepError =>
  new LockstepError('packets_out_of_order', 'Got packets out of order');

/** Whether its first part has another number than the one that is due. */
export const isOutOfOrder = ({ firstSequenceId }: AssembledPacket, due: number): boolean =>
  firstSequenceId !== undefined && firstSequenceId !== due;

/** The payload of a packet of several parts, without the headers between them. */
function joinParts(raw: Buffer, parts: number): Buffer {
  const bodies: Buffer[] = [];
  for (let part = 0; part < parts; part += 1) {
    const start = part * (headerBytes + partBytesMax) + headerBytes;
    bodies.push(raw.subarray(start, start + partBytesMax));
  }
  return Buffer.concat(bodies);
}
