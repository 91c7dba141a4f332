import { randomBytes } from 'node:crypto';
import { LockstepError } from '../base/errors.ts';
import type { NodeTlsMode } from '../config/node-tls-mode.ts';
import { ClientAuthentication } from '../protocol/auth/client-auth.ts';
import type { Password } from '../protocol/auth/password.ts';
import { Capability, has } from '../protocol/capabilities.ts';
import { decodeErr, errHeader, type ErrPacket } from '../protocol/err-packet.ts';
import { encodeHandshakeResponse, encodeSslRequest } from '../protocol/handshake-response.ts';
import { decodeHandshakeV10, type HandshakeV10 } from '../protocol/handshake-v10.ts';

/** What the server said of itself and what both sides agreed on. */
export interface Greeting {
  readonly threadId: number;
  readonly serverVersion: string;
  readonly capabilities: number;
}

export interface HandshakeOptions {
  readonly user: string;
  readonly password: Password;
  readonly schema?: string | undefined;
  /** The client's choice; result sets are forwarded as they come, so both sides must agree. */
  readonly deprecateEof: boolean;
  /** Affected rows count matched rather than changed rows, as the client asked. */
  readonly foundRows: boolean;
  /** Absent or `off`: without encryption. */
  readonly tlsMode?: NodeTlsMode | undefined;
  /** If the server can. */
  readonly compress?: boolean;
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
    const capabilities = this.#choose(server.capabilities);
    this.#greeting = {
      threadId: server.connectionId,
      serverVersion: server.serverVersion,
      capabilities,
    };
    if (has(capabilities, Capability.SSL)) {
      const request = { capabilities, maxPacketBytes, characterSet: utf8mb4GeneralCi };
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
    const payload = encodeHandshakeResponse({
      capabilities: this.greeting().capabilities,
      maxPacketBytes,
      characterSet: utf8mb4GeneralCi,
      user,
      authResponse,
      authPlugin: plugin,
      ...(schema ? { database: schema } : {}),
    });
    return { kind: 'send', payload };
  }

  #choose(offered: number): number {
    let wanted =
      Capability.LONG_PASSWORD |
      Capability.LONG_FLAG |
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
    if (this.#options.compress) wanted |= Capability.COMPRESS;
    if (this.#options.schema) wanted |= Capability.CONNECT_WITH_DB;
    if (this.#options.deprecateEof) wanted |= Capability.DEPRECATE_EOF;
    if (this.#options.foundRows) wanted |= Capability.FOUND_ROWS;
    return (wanted & offered) >>> 0;
  }
}

/** ER_SECURE_TRANSPORT_REQUIRED: the server runs with require_secure_transport. */
const secureTransportRequired = 3159;

function refused(error: ErrPacket): HandshakeStep {
  const { errno, sqlState } = error;
  const hint = errno === secureTransportRequired ? ' (set `tls: required` for the node)' : '';
  const message = `${error.message}${hint}`;
  return { kind: 'failed', error: new NodeRefusedError(errno, sqlState, message) };
}
