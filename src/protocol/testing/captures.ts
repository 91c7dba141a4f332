/**
 * Bytes that real servers and clients sent, for the tests of this room. Each capture was taken
 * from a server fresh for it; names end in the capabilities agreed on: `_plain` (neither),
 * `_deprecate_eof`, `_track` (both DEPRECATE_EOF and SESSION_TRACK; also all `track_…`).
 */
import mariadb from '../fixtures/mariadb-10.11.json' with { type: 'json' };
import mysql from '../fixtures/mysql-9.7.json' with { type: 'json' };
import logins from '../fixtures/logins.json' with { type: 'json' };
import { Capability, has } from '../capabilities.ts';
import { PacketAssembler } from '../command-scanner.ts';
import type { ResponseKind } from '../response-sink.ts';

export interface Capture {
  readonly name: string;
  readonly kind: ResponseKind | 'greeting';
  readonly capabilities: number;
  readonly deprecateEof: boolean;
  /** The client's payload, without header. */
  readonly command: Buffer;
  /** All that the server answered, with headers. */
  readonly bytes: Buffer;
}

export const serverNames = ['mariadb', 'mysql'] as const;
export type ServerName = (typeof serverNames)[number];

const files = { mariadb, mysql };

export function captures(server: ServerName): Capture[] {
  return files[server].captures.map(({ name, kind, capabilities, bytes, ...rest }) => ({
    name,
    kind: kind as Capture['kind'],
    capabilities,
    deprecateEof: has(capabilities, Capability.DEPRECATE_EOF),
    command: Buffer.from('command' in rest ? (rest.command ?? '') : '', 'hex'),
    bytes: Buffer.from(bytes, 'hex'),
  }));
}

export function capture(server: ServerName, name: string): Capture {
  const found = captures(server).find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no capture ${name} of ${server}`);
  return found;
}

/** The payloads of a capture's packets. */
export function payloads(bytes: Buffer): Buffer[] {
  const assembler = new PacketAssembler({ payloadBytesMax: Infinity });
  return assembler.push(bytes).map(({ payload }) => payload);
}

export const loginPassword: string = logins.password;

/**
 * The payloads of a login between a real client and a real server, from both sides: greeting,
 * handshake response, and so on in turn.
 */
export function login(name: string): Buffer[] {
  const found = logins.logins.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no login ${name}`);
  return found.packets.map(({ bytes }) => Buffer.from(bytes, 'hex').subarray(4));
}
