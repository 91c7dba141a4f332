import { randomBytes } from 'node:crypto';
import { LockstepError } from '../base/errors.ts';
import type { NodeTlsMode } from '../config/node-tls-mode.ts';
import { ClientAuthentication } from '../protocol/auth/client-auth.ts';
import type { Password } from '../protocol/auth/password.ts';
import {
  Capability,
  has,
  MariadbCapability,
  mariadbFlags,
  without,
  withMariadbFlags,
} from '../protocol/capabilities.ts';
import { decodeErr, errHeader, type ErrPacket } from '../protocol/err-packet.ts';
import { encodeHandshakeResponse, encodeSslRequest } from '../protocol/handshake-response.ts';
import { decodeHandshakeV10, type HandshakeV10 } from '../protocol/handshake-v10.ts';
import { hasZstd, zstdLevelDefault } from './compression-codec.ts';

/** What the server said of itself and what both sides agreed on. */
export interface Greeting {
  readonly threadId: number;
  readonly serverVersion: string;
  /** With MariaDB's above them. */
  readonly capabilities: number;
  /** The same, of what the server offered. */
  readonly offered: number;
}

export interface HandshakeOptions {
  readonly user: string;
  readonly password: Password;
  readonly schema?: string | undefined;
  /** The client's choice; result sets are forwarded as they come, so both sides must agree. */
  readonly deprecateEof: boolean;
  /** MariaDB's names of types in column definitions; the client's choice too. */
  readonly extendedMetadata?: boolean;
  /** Affected rows count matched rather than changed rows, as the client asked. */
  readonly foundRows: boolean;
  /** Absent or `off`: without encryption. */
  readonly tlsMode?: NodeTlsMode | undefined;
  /** If the server can; zlib where either side cannot do zstd. */
  readonly compression?: 'off' | 'zlib' | 'zstd' | undefined;
}

/** The server refused the connection: its error is an answer, so the server is alive. */
export class NodeRefusedError extends Error {
  readonly errno: number;
  readonly sqlState: string;

  constructor(errno: number, sqlState: string, message: string) {
    super(message);
    this.name = 'NodeRefusedError';
    this.errno = errno;
    this.sqlState = sqlState;
  }
}

/** ER_ACCESS_DENIED_ERROR; MariaDB's ER_ACCESS_DENIED_NO_PASSWORD_ERROR. */
const deniedErrnos: ReadonlySet<number> = new Set([1045, 1698]);

/** The server knows no such account, or another password. */
export const isDenied = (error: unknown): boolean =>
  error instanceof NodeRefusedError && deniedErrnos.has(error.errno);

/** For whoever looks at a node's connections (performance_schema.session_connect_attrs). */
const attributes: ReadonlyMap<string, string> = new Map([
  ['_client_name', 'lockstep'],
  ['_pid', String(process.pid)],
  ['program_name', 'lockstep'],
]);
const utf8mb4GeneralCi = 45;
const maxPacketBytes = 0x40000000;

export type HandshakeStep =
  | { readonly kind: 'send'; readonly payload: Buffer }
  /** The payload asks for TLS; once that is there, `onSecure` says how to go on. */
  | { readonly kind: 'secure'; readonly payload: Buffer }
  | { readonly kind: 'wait' }
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly error: Error };

/** The connection phase, seen from the client's side. */
export class ClientHandshake {
  readonly #options: HandshakeOptions;
  #authentication: ClientAuthentication | undefined;
  #server: HandshakeV10 | undefined;
  #greeting: Greeting | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  greeting(): Greeting {
    if (!this.#greeting) throw new LockstepError('malformed_packet', 'no greeting received');
    return this.#greeting;
  }

  onPacket(payload: Buffer): HandshakeStep {
    if (this.#authentication) {
      const step = this.#authentication.onPacket(payload);
      return step.kind === 'failed' ? refused(step.error) : step;
    }
    if (payload[0] === errHeader) return refused(decodeErr(payload));
    if (this.#server) return { kind: 'failed', error: new Error('the server spoke before TLS') };
    const server = decodeHandshakeV10(payload);
    this.#server = server;
    const offered = withMariadbFlags(server.capabilities, server.mariadbCapabilities ?? 0);
    const capabilities = this.#choose(offered);
    this.#greeting = {
      threadId: server.connectionId,
      serverVersion: server.serverVersion,
      capabilities,
      offered,
    };
    if (has(capabilities, Capability.SSL)) {
      const request = {
        ...sent(capabilities),
        maxPacketBytes,
        characterSet: utf8mb4GeneralCi,
      };
      return { kind: 'secure', payload: encodeSslRequest(request) };
    }
    const { tlsMode = 'off' } = this.#options;
    return tlsMode === 'off' || tlsMode === 'preferred'
      ? this.#respond(server, false)
      : { kind: 'failed', error: new Error(`the server offers no TLS, and tls is ${tlsMode}`) };
  }

  /** The connection is inside TLS now. */
  onSecure(): HandshakeStep {
    if (!this.#server) throw new LockstepError('malformed_packet', 'TLS before the greeting');
    return this.#respond(this.#server, true);
  }

  #respond(server: HandshakeV10, secure: boolean): HandshakeStep {
    const { user, password, schema } = this.#options;
    this.#authentication = new ClientAuthentication({
      user,
      password,
      secure,
      random: randomBytes,
    });
    const { plugin, authResponse } = this.#authentication.onGreeting(server);
    const { capabilities } = this.greeting();
    const payload = encodeHandshakeResponse({
      ...sent(capabilities),
      maxPacketBytes,
      characterSet: utf8mb4GeneralCi,
      user,
      authResponse,
      authPlugin: plugin,
      ...(schema ? { database: schema } : {}),
      ...(has(server.capabilities, Capability.CONNECT_ATTRS) && { attributes }),
      ...(has(capabilities, Capability.ZSTD) && { zstdLevel: zstdLevelDefault }),
    });
    return { kind: 'send', payload };
  }

  #choose(offered: number): number {
    let wanted =
      Capability.LONG_PASSWORD |
      Capability.LONG_FLAG |
      Capability.LOCAL_FILES |
      Capability.PROTOCOL_41 |
      Capability.TRANSACTIONS |
      Capability.SECURE_CONNECTION |
      Capability.MULTI_STATEMENTS |
      Capability.MULTI_RESULTS |
      Capability.PS_MULTI_RESULTS |
      Capability.PLUGIN_AUTH |
      Capability.PLUGIN_AUTH_LENENC;
    const { tlsMode = 'off' } = this.#options;
    if (tlsMode !== 'off') wanted |= Capability.SSL;
    const { compression = 'off' } = this.#options;
    const zstd = compression === 'zstd' && hasZstd && has(offered, Capability.ZSTD);
    if (compression !== 'off') wanted |= zstd ? Capability.ZSTD : Capability.COMPRESS;
    if (this.#options.schema) wanted |= Capability.CONNECT_WITH_DB;
    if (this.#options.deprecateEof) wanted |= Capability.DEPRECATE_EOF;
    if (this.#options.foundRows) wanted |= Capability.FOUND_ROWS;
    const extended = this.#options.extendedMetadata ? MariadbCapability.EXTENDED_METADATA : 0;
    return withMariadbFlags(wanted & offered, mariadbFlags(offered) & extended);
  }
}

/** A server looks for MariaDB's flags where the client does not say that it is MySQL's. */
function sent(capabilities: number): { capabilities: number; mariadbCapabilities?: number } {
  const mariadbCapabilities = mariadbFlags(capabilities);
  if (mariadbCapabilities === 0) return { capabilities };
  return { capabilities: without(capabilities, Capability.LONG_PASSWORD), mariadbCapabilities };
}

/** ER_SECURE_TRANSPORT_REQUIRED: the server runs with require_secure_transport. */
const secureTransportRequired = 3159;

function refused(error: ErrPacket): HandshakeStep {
  const { errno, sqlState } = error;
  const hint = errno === secureTransportRequired ? ' (set `tls: required` for the node)' : '';
  const message = `${error.message}${hint}`;
  return { kind: 'failed', error: new NodeRefusedError(errno, sqlState, message) };
}
