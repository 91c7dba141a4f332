import { Capability, combine, has, without } from './capabilities.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/**
 * The client's answer to the greeting.
 *
 * ```
 * capabilities u32 | max packet u32 | charset u8 | 19 zeros | 4 zeros or MariaDB's flags u32
 *   | user 00 | auth response | [database 00] | [plugin 00] | [attributes] | [zstd level u8]
 * ```
 * Sources: page "Protocol::HandshakeResponse41";
 * https://mariadb.com/kb/en/connection/#client-handshake-response
 */
export interface HandshakeResponse {
  readonly capabilities: number;
  readonly maxPacketBytes: number;
  /** Low 8 bits of the collation id that the client wants. */
  readonly characterSet: number;
  /** Sent and read as UTF-8. */
  readonly user: string;
  readonly authResponse: Buffer;
  /** A binary string, one character a byte, as SQL text is: its character set is the session's. */
  readonly database?: string;
  readonly authPlugin?: string;
  /** Connection attributes (`_client_name`, `program_name` …), UTF-8. */
  readonly attributes?: ReadonlyMap<string, string>;
  /** MariaDB's flags (bits 32 to 63), only from clients that leave LONG_PASSWORD unset. */
  readonly mariadbCapabilities?: number;
  readonly zstdLevel?: number;
}

/** The first 32 bytes of a handshake response, sent alone to ask for TLS. */
export interface SslRequest {
  readonly capabilities: number;
  readonly maxPacketBytes: number;
  readonly characterSet: number;
  readonly mariadbCapabilities?: number;
}

const sslRequestBytes = 32;
const attributeBytesMax = 65_536;

/**
 * Which optional fields there are follows from the values, not from `capabilities`: the bits
 * CONNECT_WITH_DB, PLUGIN_AUTH, CONNECT_ATTRS and ZSTD are set or cleared accordingly.
 */
export function encodeHandshakeResponse(response: HandshakeResponse): Buffer {
  const { authResponse, database, authPlugin, attributes, zstdLevel } = response;
  const capabilities = responseCapabilities(response);
  const writer = new PayloadWriter(256);
  writeFixedPart(writer, { ...response, capabilities });
  writer.nullTerminated(Buffer.from(response.user, 'utf8'));
  if (has(capabilities, Capability.PLUGIN_AUTH_LENENC)) writer.lenencBytes(authResponse);
  else if (has(capabilities, Capability.SECURE_CONNECTION)) {
    writer.u8(authResponse.length).bytes(authResponse);
  } else writer.nullTerminated(authResponse);
  if (database !== undefined) writer.latin1(database).u8(0);
  if (authPlugin !== undefined) writer.latin1(authPlugin).u8(0);
  if (attributes !== undefined) writer.lenencBytes(encodeAttributes(attributes));
  if (zstdLevel !== undefined) writer.u8(zstdLevel);
  return writer.finish();
}

function responseCapabilities(response: HandshakeResponse): number {
  const optional: readonly [number, unknown][] = [
    [Capability.CONNECT_WITH_DB, response.database],
    [Capability.PLUGIN_AUTH, response.authPlugin],
    [Capability.CONNECT_ATTRS, response.attributes],
    [Capability.ZSTD, response.zstdLevel],
  ];
  let capabilities = combine(response.capabilities, Capability.PROTOCOL_41);
  for (const [bit, value] of optional) {
    capabilities = value === undefined ? without(capabilities, bit) : combine(capabilities, bit);
  }
  return capabilities;
}

/** Throws LockstepError('malformed_packet') also for clients older than protocol 4.1. */
export function decodeHandshakeResponse(payload: Buffer): HandshakeResponse {
  const reader = new PayloadReader(payload);
  const fixed = readFixedPart(reader);
  const { capabilities } = fixed;
  const user = reader.nullTerminatedOrRest().toString('utf8');
  const authResponse = readAuthResponse(reader, capabilities);
  // The servers take fields that are announced but missing at the end as empty.
  const database =
    has(capabilities, Capability.CONNECT_WITH_DB) && !reader.atEnd
      ? reader.nullTerminatedOrRest().toString('latin1')
      : '';
  const authPlugin =
    has(capabilities, Capability.PLUGIN_AUTH) && !reader.atEnd
      ? reader.nullTerminatedOrRest().toString('latin1')
      : '';
  const attributes =
    has(capabilities, Capability.CONNECT_ATTRS) && !reader.atEnd
      ? decodeAttributes(reader.lenencBytes())
      : undefined;
  const zstdLevel = has(capabilities, Capability.ZSTD) && !reader.atEnd ? reader.u8() : undefined;
  return {
    ...fixed,
    user,
    authResponse,
    ...(database === '' ? {} : { database }),
    ...(authPlugin === '' ? {} : { authPlugin }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(zstdLevel === undefined ? {} : { zstdLevel }),
  };
}

/** True when a client's first packet asks for TLS and the real response comes after it. */
export function isSslRequest(payload: Buffer): boolean {
  return payload.length === sslRequestBytes && has(payload.readUInt32LE(0), Capability.SSL);
}

export function encodeSslRequest(request: SslRequest): Buffer {
  const writer = new PayloadWriter(sslRequestBytes);
  const capabilities = combine(request.capabilities, Capability.SSL, Capability.PROTOCOL_41);
  writeFixedPart(writer, { ...request, capabilities });
  return writer.finish();
}

export function decodeSslRequest(payload: Buffer): SslRequest {
  if (!isSslRequest(payload)) throw malformed('not a request for TLS');
  return readFixedPart(new PayloadReader(payload));
}

function writeFixedPart(writer: PayloadWriter, request: SslRequest): void {
  writer
    .u32(request.capabilities)
    .u32(request.maxPacketBytes)
    .u8(request.characterSet & 0xff)
    .zeros(19)
    .u32(request.mariadbCapabilities ?? 0);
}

function readFixedPart(reader: PayloadReader): SslRequest {
  const capabilities = reader.u32();
  if (!has(capabilities, Capability.PROTOCOL_41)) {
    throw malformed('the client does not speak protocol 4.1');
  }
  const maxPacketBytes = reader.u32();
  const characterSet = reader.u8();
  reader.advance(19);
  const extension = reader.u32();
  return {
    capabilities,
    maxPacketBytes,
    characterSet,
    ...(has(capabilities, Capability.LONG_PASSWORD) ? {} : { mariadbCapabilities: extension }),
  };
}

function readAuthResponse(reader: PayloadReader, capabilities: number): Buffer {
  if (reader.atEnd) return Buffer.alloc(0);
  if (has(capabilities, Capability.PLUGIN_AUTH_LENENC)) return reader.lenencBytes();
  if (has(capabilities, Capability.SECURE_CONNECTION)) return reader.bytes(reader.u8());
  return reader.nullTerminatedOrRest();
}

/** Key and value pairs, each a length-encoded string; the total length goes before. */
export function encodeAttributes(attributes: ReadonlyMap<string, string>): Buffer {
  const writer = new PayloadWriter(128);
  for (const [name, value] of attributes) {
    writer.lenencBytes(Buffer.from(name, 'utf8')).lenencBytes(Buffer.from(value, 'utf8'));
  }
  return writer.finish();
}

export function decodeAttributes(bytes: Buffer): ReadonlyMap<string, string> {
  // The servers' limit, so that a stranger cannot make us hold megabytes before logging in.
  if (bytes.length > attributeBytesMax) throw malformed('too many connection attributes');
  const attributes = new Map<string, string>();
  const reader = new PayloadReader(bytes);
  while (!reader.atEnd) {
    const name = reader.lenencBytes().toString('utf8');
    attributes.set(name, reader.lenencBytes().toString('utf8'));
  }
  return attributes;
}
