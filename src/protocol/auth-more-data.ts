import { malformed } from './packet-reader.ts';

/** A packet of the plugin's own dialogue, server to client. Source: page "Protocol::AuthMoreData". */
export const authMoreDataHeader = 0x01;

export function encodeAuthMoreData(data: Uint8Array): Buffer {
  const payload = Buffer.allocUnsafe(data.length + 1);
  payload[0] = authMoreDataHeader;
  payload.set(data, 1);
  return payload;
}

/** The plugin's data, a view into the payload. */
export function decodeAuthMoreData(payload: Buffer): Buffer {
  if (payload[0] !== authMoreDataHeader) throw malformed('not more data for authentication');
  return payload.subarray(1);
}
