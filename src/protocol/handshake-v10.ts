import { Capability, has } from './capabilities.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/**
 * The server's greeting, its first packet on a connection.
 *
 * ```
 * 0a | version 00 | id u32 | auth data 1..8 | 00 | capabilities low u16 | charset u8 | status u16
 *    | capabilities high u16 | auth data length u8 | 6 zeros | 4 zeros or MariaDB's flags u32
 *    | auth data 9..20 00 | plugin 00
 * ```
 * Sources: page "Protocol::HandshakeV10"; https://mariadb.com/kb/en/connection/#initial-handshake-packet
 * (a MariaDB server leaves LONG_PASSWORD unset and puts its own flags into the last reserved bytes).
 */
export interface HandshakeV10 {
  readonly serverVersion: string;
  /** Connection id of the server, 32 bits: what KILL takes. */
  readonly connectionId: number;
  /** The nonce: 20 bytes, none of them zero. */
  readonly authData: Buffer;
  readonly capabilities: number;
  /** Low 8 bits of the server's default collation id. */
  readonly characterSet: number;
  readonly statusFlags: number;
  readonly authPlugin: string;
  /** MariaDB's flags (bits 32 to 63 of its capabilities), absent from a MySQL server. */
  readonly mariadbCapabilities?: number;
}

export const nonceBytes = 20;
export const protocolVersion10 = 0x0a;

export function encodeHandshakeV10(handshake: HandshakeV10): Buffer {
  const { authData, capabilities } = handshake;
  const pluginAuth = has(capabilities, Capability.PLUGIN_AUTH);
  const writer = new PayloadWriter(128)
    .u8(protocolVersion10)
    .latin1(handshake.serverVersion)
    .u8(0)
    .u32(handshake.connectionId)
    .bytes(authData.subarray(0, 8))
    .u8(0)
    .u16(capabilities & 0xffff)
    .u8(handshake.characterSet & 0xff)
    .u16(handshake.statusFlags)
    .u16(capabilities >>> 16)
    .u8(pluginAuth ? authData.length + 1 : 0)
    .zeros(6)
    .u32(handshake.mariadbCapabilities ?? 0)
    .bytes(authData.subarray(8))
    .u8(0);
  if (pluginAuth) writer.latin1(handshake.authPlugin).u8(0);
  return writer.finish();
}

/**
 * Throws LockstepError('malformed_packet') for anything but a version 10 greeting. A server
 * that is full or has blocked the host sends an ERR packet instead: look at the first byte.
 */
export function decodeHandshakeV10(payload: Buffer): HandshakeV10 {
  const reader = new PayloadReader(payload);
  const version = reader.u8();
  if (version !== protocolVersion10) throw malformed(`greeting of protocol version ${version}`);
  const serverVersion = reader.nullTerminated().toString('latin1');
  const connectionId = reader.u32();
  const authDataBegin = reader.bytes(8);
  reader.advance(1);
  const capabilitiesLow = reader.u16();
  const characterSet = reader.u8();
  const statusFlags = reader.u16();
  const capabilities = (capabilitiesLow | (reader.u16() << 16)) >>> 0;
  const authDataBytes = reader.u8();
  reader.advance(6);
  const extension = reader.u32();
  const authDataEnd = reader.bytes(Math.min(Math.max(13, authDataBytes - 8), reader.remaining));
  const authPlugin = has(capabilities, Capability.PLUGIN_AUTH)
    ? reader.nullTerminatedOrRest().toString('latin1')
    : 'mysql_native_password';
  const authData = Buffer.concat([authDataBegin, authDataEnd]).subarray(0, nonceBytes);
  if (authData.length !== nonceBytes) throw malformed('the greeting has no 20 byte nonce');
  return {
    serverVersion,
    connectionId,
    authData,
    capabilities,
    characterSet,
    statusFlags,
    authPlugin,
    ...(has(capabilities, Capability.LONG_PASSWORD) ? {} : { mariadbCapabilities: extension }),
  };
}
