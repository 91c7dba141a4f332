import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/** Source: page "Protocol::ERR_Packet". */
export interface ErrPacket {
  readonly errno: number;
  /** Five characters. Before the handshake the servers send none; then it is HY000. */
  readonly sqlState: string;
  /** UTF-8 text, at most 512 bytes from a real server. */
  readonly message: string;
}

export const errHeader = 0xff;
const sqlStateMarker = 0x23; // '#'

export function encodeErr({ errno, sqlState, message }: ErrPacket): Buffer {
  const text = Buffer.from(message, 'utf8');
  return new PayloadWriter(text.length + 9)
    .u8(errHeader)
    .u16(errno)
    .u8(sqlStateMarker)
    .latin1(sqlState.padEnd(5, '0').slice(0, 5))
    .bytes(text)
    .finish();
}

export function decodeErr(payload: Buffer): ErrPacket {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== errHeader) throw malformed('not an ERR packet');
  const errno = reader.u16();
  let sqlState = 'HY000';
  if (reader.peek() === sqlStateMarker) {
    reader.advance(1);
    sqlState = reader.bytes(5).toString('latin1');
  }
  return { errno, sqlState, message: reader.rest().toString('utf8') };
}
