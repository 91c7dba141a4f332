import { createHash, timingSafeEqual } from 'node:crypto';
import { encodeAuthMoreData } from '../auth-more-data.ts';
import { encodeAuthSwitchRequest } from '../auth-switch-request.ts';
import {
  cachingSha2Password,
  cachingSha2Verify,
  fastAuthSuccess,
  fullAuthentication,
  publicKeyRequest,
  rsaDecryptPassword,
  withoutZero,
} from './caching-sha2.ts';
import { doubleSha1, nativePassword, nativePasswordSha1 } from './native-password.ts';

export type ServerAuthPlugin = typeof nativePassword | typeof cachingSha2Password;

export type DenialReason = 'unknown_user' | 'wrong_password' | 'insecure_channel' | 'malformed';

/** What the session does next with the client that is logging in. */
export type AuthStep =
  | { readonly kind: 'send'; readonly payload: Buffer }
  /** Logged in. `payloadBefore`, if there, must be sent as a packet of its own before the OK. */
  | { readonly kind: 'ok'; readonly user: string; readonly payloadBefore?: Buffer }
  /** Send ERR 1045 / 28000 with `message` and close. */
  | { readonly kind: 'denied'; readonly reason: DenialReason; readonly message: string };

export interface ServerAuthOptions {
  /** The 20 bytes of the greeting. */
  readonly nonce: Buffer;
  /** The plugin the greeting named. */
  readonly defaultPlugin: ServerAuthPlugin;
  readonly lookup: (user: string) => { readonly password: string } | undefined;
  /** For full authentication without TLS. */
  readonly rsaKeys?: { readonly privateKeyPem: string; readonly publicKeyPem: string };
  /** The connection is inside TLS, so that a password may come as it is. */
  readonly secure: boolean;
  /** For the message of a denial; `localhost` when left out. */
  readonly clientHost?: string;
  /** False makes every caching_sha2 login a full one, as the first on a MySQL server is. */
  readonly fastAuth?: boolean;
}

/** The part of a handshake response, or of COM_CHANGE_USER, that authentication needs. */
export interface AuthRequest {
  readonly user: string;
  readonly authResponse: Buffer;
  readonly authPlugin?: string;
}

type Phase = 'response' | 'scramble' | 'password_or_key_request' | 'password' | 'done';

/**
 * The server's side of logging in. Pure: the caller sends what a step says and passes on what
 * the client answers.
 *
 * ```
 * response ──> scramble ──────────────────────> done       (after an auth switch)
 *    └────────────┴──> password_or_key_request ──> password ──> done   (caching_sha2, full)
 * ```
 * Passwords are known here, so the scramble alone decides and full authentication, which a
 * MySQL server falls back to, is only on demand: asked for it without TLS, MariaDB's client
 * sends the password in clear (seen with its version 10.11). An unknown user takes the same
 * path as a wrong password, so that names cannot be probed.
 */
export class ServerAuthentication {
  readonly #options: ServerAuthOptions;
  #phase: Phase = 'response';
  #user = '';
  #password: string | undefined;
  #plugin: ServerAuthPlugin;
  #passwordGiven = false;

  constructor(options: ServerAuthOptions) {
    this.#options = options;
    this.#plugin = options.defaultPlugin;
  }

  /** Takes the handshake response (not a request for TLS) or a COM_CHANGE_USER. */
  onResponse(request: AuthRequest): AuthStep {
    const { defaultPlugin } = this.#options;
    this.#user = request.user;
    this.#password = this.#options.lookup(request.user)?.password;
    const asked = request.authPlugin ?? nativePassword;
    if (!isSupported(asked)) return this.#switchTo(defaultPlugin);
    // A client whose plugin is not the greeting's had no nonce for it, so it sends a dummy
    // and waits to be asked properly.
    if (asked !== defaultPlugin && isEmptyResponse(request.authResponse)) {
      return this.#switchTo(asked);
    }
    this.#plugin = asked;
    return this.#onScramble(request.authResponse);
  }

  /** Takes a further packet of the client. */
  onPacket(payload: Buffer): AuthStep {
    switch (this.#phase) {
      case 'scramble':
        return this.#onScramble(payload);
      case 'password_or_key_request':
        return this.#onPasswordOrKeyRequest(payload);
      case 'password':
        return this.#onEncryptedPassword(payload);
      case 'response':
      case 'done':
        return this.#deny('malformed');
    }
  }

  #switchTo(plugin: ServerAuthPlugin): AuthStep {
    this.#plugin = plugin;
    this.#phase = 'scramble';
    return {
      kind: 'send',
      payload: encodeAuthSwitchRequest({ plugin, authData: this.#options.nonce }),
    };
  }

  #onScramble(response: Buffer): AuthStep {
    const { nonce } = this.#options;
    if (isEmptyResponse(response)) {
      return this.#password === '' ? this.#accept() : this.#deny('wrong_password');
    }
    this.#passwordGiven = true;
    const password = this.#password ?? '';
    const known = password !== '';
    if (this.#plugin === nativePassword) {
      const verified = nativePasswordSha1(response, nonce, doubleSha1(password)) !== undefined;
      return verified && known ? this.#accept() : this.#deny('wrong_password');
    }
    if (this.#options.fastAuth !== false) {
      const verified = cachingSha2Verify(response, nonce, password);
      return verified && known
        ? this.#accept(encodeAuthMoreData(Buffer.of(fastAuthSuccess)))
        : this.#deny('wrong_password');
    }
    if (!this.#options.secure && this.#options.rsaKeys === undefined) {
      return this.#deny('insecure_channel');
    }
    this.#phase = 'password_or_key_request';
    return { kind: 'send', payload: encodeAuthMoreData(Buffer.of(fullAuthentication)) };
  }

  #onPasswordOrKeyRequest(payload: Buffer): AuthStep {
    if (this.#options.secure) return this.#onPassword(withoutZero(payload));
    const { rsaKeys } = this.#options;
    if (payload.length === 1 && payload[0] === publicKeyRequest && rsaKeys !== undefined) {
      this.#phase = 'password';
      return { kind: 'send', payload: encodeAuthMoreData(Buffer.from(rsaKeys.publicKeyPem)) };
    }
    // A client that was given the public key beforehand encrypts at once.
    return this.#onEncryptedPassword(payload);
  }

  #onEncryptedPassword(payload: Buffer): AuthStep {
    const { rsaKeys, nonce } = this.#options;
    if (rsaKeys === undefined) return this.#deny('insecure_channel');
    return this.#onPassword(rsaDecryptPassword(payload, nonce, rsaKeys.privateKeyPem));
  }

  #onPassword(given: string | undefined): AuthStep {
    if (given === undefined) return this.#deny('malformed');
    const expected = this.#password;
    if (expected === undefined) return this.#deny('wrong_password');
    return equalSecrets(given, expected) ? this.#accept() : this.#deny('wrong_password');
  }

  #accept(payloadBefore?: Buffer): AuthStep {
    this.#phase = 'done';
    return {
      kind: 'ok',
      user: this.#user,
      ...(payloadBefore === undefined ? {} : { payloadBefore }),
    };
  }

  #deny(reason: DenialReason): AuthStep {
    this.#phase = 'done';
    const host = this.#options.clientHost ?? 'localhost';
    const using = this.#passwordGiven ? 'YES' : 'NO';
    return {
      kind: 'denied',
      reason: reason === 'wrong_password' && this.#password === undefined ? 'unknown_user' : reason,
      message: `Access denied for user '${this.#user}'@'${host}' (using password: ${using})`,
    };
  }
}

function isSupported(plugin: string): plugin is ServerAuthPlugin {
  return plugin === nativePassword || plugin === cachingSha2Password;
}

/** caching_sha2 clients say "no password" with one zero byte, the others with nothing. */
function isEmptyResponse(response: Buffer): boolean {
  return response.length === 0 || (response.length === 1 && response[0] === 0);
}

function equalSecrets(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(left), digest(right));
}
