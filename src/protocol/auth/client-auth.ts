import { decodeAuthMoreData, authMoreDataHeader } from '../auth-more-data.ts';
import { authSwitchHeader, decodeAuthSwitchRequest } from '../auth-switch-request.ts';
import { decodeErr, errHeader } from '../err-packet.ts';
import type { ErrPacket } from '../err-packet.ts';
import type { HandshakeV10 } from '../handshake-v10.ts';
import { okHeader } from '../ok-packet.ts';
import {
  cachingSha2Password,
  cachingSha2Scramble,
  fastAuthSuccess,
  fullAuthentication,
  publicKeyRequest,
  rsaEncryptPassword,
  zeroEnded,
} from './caching-sha2.ts';
import { nativePassword, nativePasswordScramble } from './native-password.ts';

export interface ClientAuthOptions {
  readonly user: string;
  readonly password: string;
  /** The connection is inside TLS or a Unix socket: the password may go as it is. */
  readonly secure: boolean;
}

export type ClientAuthStep =
  | { readonly kind: 'send'; readonly payload: Buffer }
  | { readonly kind: 'wait' }
  /** The payload was the OK packet; it carries the first status flags. */
  | { readonly kind: 'ok' }
  /** The server's own error, or one of ours with a client's errno (2059, 2061, 2027). */
  | { readonly kind: 'failed'; readonly error: ErrPacket };

export const clearPassword = 'mysql_clear_password';
const clientErrno = { cannotLoad: 2059, authPlugin: 2061, malformed: 2027 } as const;

/**
 * Our side of logging in to a node. Pure: the caller puts the answer to the greeting into its
 * handshake response, then passes on each payload until a step is `ok` or `failed`.
 */
export class ClientAuthentication {
  readonly #options: ClientAuthOptions;
  #plugin: string = nativePassword;
  #nonce: Buffer = Buffer.alloc(0);
  #awaitingKey = false;

  constructor(options: ClientAuthOptions) {
    this.#options = options;
  }

  /**
   * What to put into the handshake response. For a plugin that we do not have we answer with
   * mysql_native_password; the server then asks for what the account really needs.
   */
  onGreeting(handshake: Pick<HandshakeV10, 'authData' | 'authPlugin'>): {
    readonly plugin: string;
    readonly authResponse: Buffer;
  } {
    this.#nonce = handshake.authData;
    this.#plugin =
      handshake.authPlugin === cachingSha2Password ? cachingSha2Password : nativePassword;
    return { plugin: this.#plugin, authResponse: this.#scramble() };
  }

  /** Takes a payload that the server sent after the handshake response. */
  onPacket(payload: Buffer): ClientAuthStep {
    switch (payload[0]) {
      case okHeader:
        return { kind: 'ok' };
      case errHeader:
        return { kind: 'failed', error: decodeErr(payload) };
      case authSwitchHeader:
        return this.#onSwitch(payload);
      case authMoreDataHeader:
        return this.#onMoreData(decodeAuthMoreData(payload));
      default:
        return failed(clientErrno.malformed, 'the server sent no authentication packet');
    }
  }

  #onSwitch(payload: Buffer): ClientAuthStep {
    if (payload.length === 1) {
      return failed(clientErrno.authPlugin, 'the account uses the passwords of MySQL 4.0');
    }
    const { plugin, authData } = decodeAuthSwitchRequest(payload);
    this.#plugin = plugin;
    this.#nonce = authData;
    this.#awaitingKey = false;
    if (plugin === clearPassword) {
      return this.#options.secure
        ? { kind: 'send', payload: zeroEnded(this.#options.password) }
        : failed(clientErrno.authPlugin, `${plugin} needs TLS to the node`);
    }
    if (plugin !== nativePassword && plugin !== cachingSha2Password) {
      return failed(
        clientErrno.cannotLoad,
        `the node's account uses ${plugin}; give it ${cachingSha2Password} or ${nativePassword}`,
      );
    }
    return { kind: 'send', payload: this.#scramble() };
  }

  #onMoreData(data: Buffer): ClientAuthStep {
    if (this.#plugin !== cachingSha2Password) {
      return failed(clientErrno.authPlugin, `unexpected data for ${this.#plugin}`);
    }
    if (this.#awaitingKey) return this.#sendEncrypted(data);
    if (data.length === 1 && data[0] === fastAuthSuccess) return { kind: 'wait' };
    if (data.length === 1 && data[0] === fullAuthentication) {
      if (this.#options.secure) {
        return { kind: 'send', payload: zeroEnded(this.#options.password) };
      }
      this.#awaitingKey = true;
      return { kind: 'send', payload: Buffer.of(publicKeyRequest) };
    }
    return failed(clientErrno.authPlugin, `unexpected data for ${this.#plugin}`);
  }

  #sendEncrypted(publicKeyPem: Buffer): ClientAuthStep {
    this.#awaitingKey = false;
    try {
      const payload = rsaEncryptPassword(this.#options.password, this.#nonce, publicKeyPem);
      return { kind: 'send', payload };
    } catch {
      return failed(clientErrno.authPlugin, "the node's public key cannot be used");
    }
  }

  #scramble(): Buffer {
    const { password } = this.#options;
    if (this.#plugin === nativePassword) return nativePasswordScramble(password, this.#nonce);
    return cachingSha2Scramble(password, this.#nonce);
  }
}

function failed(errno: number, message: string): ClientAuthStep {
  return { kind: 'failed', error: { errno, sqlState: 'HY000', message } };
}
