import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/** "Use this plugin instead", with fresh data for it. Source: page "Protocol::AuthSwitchRequest". */
export interface AuthSwitchRequest {
  readonly plugin: string;
  /** Data for the plugin (a nonce), without the zero byte that ends it. */
  readonly authData: Buffer;
}

export const authSwitchHeader = 0xfe;
const unendedBytes = 32;

export function encodeAuthSwitchRequest({ plugin, authData }: AuthSwitchRequest): Buffer {
  return new PayloadWriter()
    .u8(authSwitchHeader)
    .latin1(plugin)
    .u8(0)
    .bytes(authData)
    .u8(0)
    .finish();
}

export function decodeAuthSwitchRequest(payload: Buffer): AuthSwitchRequest {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== authSwitchHeader) throw malformed('not an auth switch request');
  // A lone 0xfe asks for the password hash of MySQL 4.0, which nobody may use any more.
  if (reader.atEnd) throw malformed('the server asks for the authentication of MySQL 4.0');
  const plugin = reader.nullTerminated().toString('latin1');
  const data = reader.rest();
  // MariaDB's own plugins send 32 bytes with no zero behind them, any of which may be zero.
  const ended = data.at(-1) === 0 && data.length !== unendedBytes;
  const authData = ended ? data.subarray(0, -1) : data;
  return { plugin, authData };
}
