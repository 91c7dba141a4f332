import { Capability, has } from './capabilities.ts';
import { CommandByte } from './commands.ts';
import { decodeAttributes, encodeAttributes } from './handshake-response.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/**
 * COM_CHANGE_USER: log in again on the same connection; the nonce is the greeting's.
 *
 * ```
 * 11 | user 00 | auth response (u8 length) | database 00 | [charset u16 | [plugin 00] | [attributes]]
 * ```
 * Source: page "COM_CHANGE_USER".
 */
export interface ChangeUser {
  readonly user: string;
  readonly authResponse: Buffer;
  /** A binary string; '' for none. */
  readonly database: string;
  readonly characterSet?: number;
  readonly authPlugin?: string;
  readonly attributes?: ReadonlyMap<string, string>;
}

export function decodeChangeUser(payload: Buffer, capabilities: number): ChangeUser {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== CommandByte.CHANGE_USER) throw malformed('not a COM_CHANGE_USER');
  const user = reader.nullTerminated().toString('utf8');
  const authResponse = reader.bytes(reader.u8());
  const database = reader.nullTerminatedOrRest().toString('latin1');
  const characterSet = reader.remaining >= 2 ? reader.u16() : undefined;
  const authPlugin =
    has(capabilities, Capability.PLUGIN_AUTH) && !reader.atEnd
      ? reader.nullTerminatedOrRest().toString('latin1')
      : undefined;
  const attributes =
    has(capabilities, Capability.CONNECT_ATTRS) && !reader.atEnd
      ? decodeAttributes(reader.lenencBytes())
      : undefined;
  return {
    user,
    authResponse,
    database,
    ...(characterSet === undefined ? {} : { characterSet }),
    ...(authPlugin === undefined ? {} : { authPlugin }),
    ...(attributes === undefined ? {} : { attributes }),
  };
}

export function encodeChangeUser(change: ChangeUser): Buffer {
  const writer = new PayloadWriter(128)
    .u8(CommandByte.CHANGE_USER)
    .nullTerminated(Buffer.from(change.user, 'utf8'))
    .u8(change.authResponse.length)
    .bytes(change.authResponse)
    .latin1(change.database)
    .u8(0)
    .u16(change.characterSet ?? 0);
  if (change.authPlugin !== undefined) writer.latin1(change.authPlugin).u8(0);
  if (change.attributes !== undefined) writer.lenencBytes(encodeAttributes(change.attributes));
  return writer.finish();
}
