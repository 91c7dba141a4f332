/**
 * Single fields read straight from a payload, without an object for the rest: for the path
 * that every answer takes. The full decoders are `ok-packet.ts` and `eof-packet.ts`.
 */
import { eofPayloadBytes } from './eof-packet.ts';
import { malformed } from './packet-reader.ts';

/** The first packet of a result set. */
export function columnCount(payload: Buffer): number {
  const first = payload[0] as number;
  if (first < 0xfb) return first;
  // Both servers allow 4,096 columns, so 2 bytes are enough.
  if (first === 0xfc && payload.length >= 3) return payload.readUInt16LE(1);
  throw malformed(`0x${first.toString(16)} is no column count`);
}

/** Status flags of an OK packet, whichever header it has. */
export function okStatus(payload: Buffer): number {
  const at = lenencEnd(payload, lenencEnd(payload, 1));
  if (at + 2 > payload.length) throw malformed('an OK packet without status flags');
  return payload.readUInt16LE(at);
}

export function eofStatus(payload: Buffer): number {
  if (payload.length < eofPayloadBytes) throw malformed('an EOF packet without status flags');
  return payload.readUInt16LE(3);
}

/** Warnings of an OK packet; 0 where it ends before them. */
export function okWarnings(payload: Buffer): number {
  const at = lenencEnd(payload, lenencEnd(payload, 1)) + 2;
  return at + 2 > payload.length ? 0 : payload.readUInt16LE(at);
}

/** Warnings of an EOF packet. */
export const eofWarnings = (payload: Buffer): number => payload.readUInt16LE(1);

/**
 * What an OK packet, by either header, tells of its statement: rows, a number above 2^53 being
 * rounded; the insert id in decimal digits; the text for people, a binary string.
 */
export function okCounts(payload: Buffer): {
  readonly affectedRows: number;
  readonly insertId: string;
  readonly info: string;
} {
  const idAt = lenencEnd(payload, 1);
  const statusAt = lenencEnd(payload, idAt);
  const infoAt = statusAt + 4;
  if (infoAt > payload.length) throw malformed('an OK packet without status flags');
  return {
    affectedRows: lenencNumber(payload, 1),
    insertId: payload[idAt] === 0xfe ? longDigits(payload, idAt) : `${lenencNumber(payload, idAt)}`,
    info: infoAt === payload.length ? '' : lenencText(payload, infoAt),
  };
}

function lenencNumber(payload: Buffer, at: number): number {
  const first = payload[at] as number;
  if (first < 0xfc) return first;
  if (first === 0xfc) return payload.readUInt16LE(at + 1);
  if (first === 0xfd) return payload.readUIntLE(at + 1, 3);
  return payload.readUInt32LE(at + 1) + payload.readUInt32LE(at + 5) * 0x1_0000_0000;
}

const longDigits = (payload: Buffer, at: number): string =>
  payload.readBigUInt64LE(at + 1).toString();

function lenencText(payload: Buffer, at: number): string {
  const from = lenencEnd(payload, at);
  const to = from + lenencNumber(payload, at);
  if (to > payload.length) throw malformed('an OK packet whose text is cut short');
  return payload.toString('latin1', from, to);
}

/** The offset behind a length-encoded integer. */
function lenencEnd(payload: Buffer, at: number): number {
  switch (payload[at]) {
    case 0xfc:
      return at + 3;
    case 0xfd:
      return at + 4;
    case 0xfe:
      return at + 9;
    default:
      return at + 1;
  }
}

/** The status flags of what ends a result: an EOF, or an OK packet by either header. */
export function endStatus(eof: boolean, payload: Buffer): number {
  return eof ? eofStatus(payload) : okStatus(payload);
}
