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
import { clientEd25519, ed25519Sign } from './ed25519.ts';
import { nativePassword, nativePasswordScramble } from './native-password.ts';
import { extSaltHeader, parsec, parsecResponse, scrambleBytes } from './parsec.ts';
import type { Password } from './password.ts';
import { sha256KeyRequest, sha256Password } from './sha256-password.ts';

export interface ClientAuthOptions {
  readonly user: string;
  readonly password: Password;
  /** The connection is inside TLS or a Unix socket: the password may go as it is. */
  readonly secure: boolean;
  /** Random bytes, for a plugin that wants some of ours. */
  readonly random: (bytes: number) => Buffer;
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
    const { password } = this.#options;
    if (handshake.authPlugin === cachingSha2Password && typeof password === 'string') {
      this.#plugin = cachingSha2Password;
      return { plugin: this.#plugin, authResponse: cachingSha2Scramble(password, this.#nonce) };
    }
    this.#plugin = nativePassword;
    return {
      plugin: nativePassword,
      authResponse: nativePasswordScramble(password, this.#nonce),
    };
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
      case extSaltHeader:
        if (this.#plugin === parsec) return this.#onMoreData(payload);
        break;
      default:
    }
    return failed(clientErrno.malformed, 'the server sent no authentication packet');
  }

  #onSwitch(payload: Buffer): ClientAuthStep {
    if (payload.length === 1) {
      return failed(clientErrno.authPlugin, 'the account uses the passwords of MySQL 4.0');
    }
    const { plugin, authData } = decodeAuthSwitchRequest(payload);
    this.#plugin = plugin;
    this.#nonce = authData;
    this.#awaitingKey = false;
    const { password, secure } = this.#options;
    if (plugin === nativePassword) {
      return { kind: 'send', payload: nativePasswordScramble(password, authData) };
    }
    if (typeof password !== 'string') {
      return failed(clientErrno.authPlugin, `${plugin} needs the password, not its SHA-1`);
    }
    switch (plugin) {
      case cachingSha2Password:
        return { kind: 'send', payload: cachingSha2Scramble(password, authData) };
      case clientEd25519:
        return { kind: 'send', payload: ed25519Sign(password, authData) };
      case parsec:
        return { kind: 'send', payload: Buffer.alloc(0) };
      case sha256Password:
        if (secure || password === '') return { kind: 'send', payload: zeroEnded(password) };
        this.#awaitingKey = true;
        return { kind: 'send', payload: Buffer.of(sha256KeyRequest) };
      case clearPassword:
        return secure
          ? { kind: 'send', payload: zeroEnded(password) }
          : failed(clientErrno.authPlugin, `${plugin} needs TLS to the node`);
      default:
        return failed(
          clientErrno.cannotLoad,
          `the node's account uses ${plugin}; give it ${cachingSha2Password} or ${nativePassword}`,
        );
    }
  }

  #onMoreData(data: Buffer): ClientAuthStep {
    const { password, secure, random } = this.#options;
    if (typeof password !== 'string') return this.#unexpected();
    if (this.#awaitingKey) return this.#sendEncrypted(password, data);
    if (this.#plugin === parsec) {
      const payload = parsecResponse(password, this.#nonce, data, random(scrambleBytes));
      return payload ? { kind: 'send', payload } : this.#unexpected();
    }
    if (this.#plugin !== cachingSha2Password || data.length !== 1) return this.#unexpected();
    if (data[0] === fastAuthSuccess) return { kind: 'wait' };
    if (data[0] !== fullAuthentication) return this.#unexpected();
    if (secure) return { kind: 'send', payload: zeroEnded(password) };
    this.#awaitingKey = true;
    return { kind: 'send', payload: Buffer.of(publicKeyRequest) };
  }

  #unexpected(): ClientAuthStep {
    return failed(clientErrno.authPlugin, `unexpected data for ${this.#plugin}`);
  }

  #sendEncrypted(password: string, publicKeyPem: Buffer): ClientAuthStep {
    this.#awaitingKey = false;
    try {
      return { kind: 'send', payload: rsaEncryptPassword(password, this.#nonce, publicKeyPem) };
    } catch {
      return failed(clientErrno.authPlugin, "the node's public key cannot be used");
    }
  }
}

function failed(errno: number, message: string): ClientAuthStep {
  return { kind: 'failed', error: { errno, sqlState: 'HY000', message } };
}
