import { randomBytes } from 'node:crypto';
import { LockstepError } from '../base/errors.ts';
import { ClientAuthentication } from '../protocol/auth/client-auth.ts';
import type { Password } from '../protocol/auth/password.ts';
import { Capability } from '../protocol/capabilities.ts';
import { decodeErr, type ErrPacket } from '../protocol/err-packet.ts';
import { encodeHandshakeResponse } from '../protocol/handshake-response.ts';
import { decodeHandshakeV10 } from '../protocol/handshake-v10.ts';

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

const utf8mb4GeneralCi = 45;
const maxPacketBytes = 0x40000000;

export type HandshakeStep =
  | { readonly kind: 'send'; readonly payload: Buffer }
  | { readonly kind: 'wait' }
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly error: Error };

/** The connection phase, seen from the client's side. */
export class ClientHandshake {
  readonly #options: HandshakeOptions;
  readonly #authentication: ClientAuthentication;
  #greeting: Greeting | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#authentication = new ClientAuthentication({
      user: options.user,
      password: options.password,
      secure: false,
      random: randomBytes,
    });
  }

  greeting(): Greeting {
    if (!this.#greeting) throw new LockstepError('malformed_packet', 'no greeting received');
    return this.#greeting;
  }

  onPacket(payload: Buffer): HandshakeStep {
    if (this.#greeting) {
      const step = this.#authentication.onPacket(payload);
      return step.kind === 'failed' ? refused(step.error) : step;
    }
    if (payload[0] === 0xff) {
      return refused(decodeErr(payload));
    }
    const greeting = decodeHandshakeV10(payload);
    const capabilities = this.#choose(greeting.capabilities);
    this.#greeting = {
      threadId: greeting.connectionId,
      serverVersion: greeting.serverVersion,
      capabilities,
    };
    const { plugin, authResponse } = this.#authentication.onGreeting(greeting);
    const response = encodeHandshakeResponse({
      capabilities,
      maxPacketBytes,
      characterSet: utf8mb4GeneralCi,
      user: this.#options.user,
      authResponse,
      authPlugin: plugin,
      ...(this.#options.schema ? { database: this.#options.schema } : {}),
    });
    return { kind: 'send', payload: response };
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
    if (this.#options.schema) wanted |= Capability.CONNECT_WITH_DB;
    if (this.#options.deprecateEof) wanted |= Capability.DEPRECATE_EOF;
    if (this.#options.foundRows) wanted |= Capability.FOUND_ROWS;
    return (wanted & offered) >>> 0;
  }
}

function refused(error: ErrPacket): HandshakeStep {
  const { errno, sqlState, message } = error;
  return { kind: 'failed', error: new NodeRefusedError(errno, sqlState, message) };
}
