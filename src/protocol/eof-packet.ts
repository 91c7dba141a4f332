import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/** Ends definitions or rows without DEPRECATE_EOF. Source: page "Protocol::EOF_Packet". */
export interface EofPacket {
  readonly warnings: number;
  readonly statusFlags: number;
}

export const eofHeader = 0xfe;
export const eofPayloadBytes = 5;

/** Without DEPRECATE_EOF, a 0xfe packet shorter than this is an EOF, else a row. */
export const eofLengthLimit = 9;

/** 0xfe also begins a row whose first value is 16 MB or longer; only the length tells. */
export function isEof(payload: Buffer): boolean {
  return payload[0] === eofHeader && payload.length < eofLengthLimit;
}

export function encodeEof({ warnings, statusFlags }: EofPacket): Buffer {
  return new PayloadWriter().u8(eofHeader).u16(warnings).u16(statusFlags).finish();
}

export function decodeEof(payload: Buffer): EofPacket {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== eofHeader) throw malformed('not an EOF packet');
  return { warnings: reader.u16(), statusFlags: reader.u16() };
}
