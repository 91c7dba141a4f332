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
import type { KnownAccount } from './known-account.ts';
import { doubleSha1, nativePassword, nativePasswordSha1 } from './native-password.ts';
import type { Password } from './password.ts';

export type ServerAuthPlugin = typeof nativePassword | typeof cachingSha2Password;

export type DenialReason = 'unknown_user' | 'wrong_password' | 'insecure_channel' | 'malformed';

/** What the session does next with the client that is logging in. */
export type AuthStep =
  | { readonly kind: 'send'; readonly payload: Buffer }
  /** Find out what is known of the user, and call `onAccount`. */
  | { readonly kind: 'look_up'; readonly user: string }
  /** Find out whether a node lets the user in so, and call `onChecked`. */
  | { readonly kind: 'check'; readonly user: string; readonly password: Password }
  /** Logged in. `payloadBefore`, if there, must be sent as a packet of its own before the OK. */
  | {
      readonly kind: 'ok';
      readonly user: string;
      readonly password: Password;
      readonly payloadBefore?: Buffer;
    }
  /** Send ERR 1045 / 28000 with `message` and close. */
  | { readonly kind: 'denied'; readonly reason: DenialReason; readonly message: string };

export interface ServerAuthOptions {
  /** The 20 bytes of the greeting. */
  readonly nonce: Buffer;
  /** The plugin the greeting named. */
  readonly defaultPlugin: ServerAuthPlugin;
  /** For full authentication without TLS. */
  readonly rsaKeys?: { readonly privateKeyPem: string; readonly publicKeyPem: string };
  /** The connection is inside TLS, so that a password may come as it is. */
  readonly secure: boolean;
  /** Whatever the client has sent, it is asked again, as by servers at COM_CHANGE_USER. */
  readonly asksAgain?: boolean;
  /** For the message of a denial; `localhost` when left out. */
  readonly clientHost?: string;
}

/** The part of a handshake response, or of COM_CHANGE_USER, that authentication needs. */
export interface AuthRequest {
  readonly user: string;
  readonly authResponse: Buffer;
  readonly authPlugin?: string;
}

type Phase =
  | 'response'
  | 'account'
  | 'scramble'
  | 'password_or_key_request'
  | 'password'
  | 'check'
  | 'done';

const needsTls = 'the nodes must be given its password: connect with TLS';

/** A password that a node is being asked about, and what goes before the OK if it says yes. */
interface Candidate {
  readonly password: Password;
  readonly payloadBefore?: Buffer;
}

/**
 * The server's side of logging in. Pure: the caller does what a step says and passes on what
 * comes of it.
 *
 * ```
 * response ─> account ─> scramble ──────────────────────┬─> check ─> done
 *                │          └──> password_or_key_request ──> password ──┘   (caching_sha2, full)
 *                └──────────────────────┘
 * ```
 * Where the password is known the scramble alone decides, and full authentication, which a
 * MySQL server falls back to, is only for passwords that are not: asked for it without TLS,
 * MariaDB's client sends the password in clear (seen with its version 10.11). An unknown user
 * takes the same path as a wrong password, so that names cannot be probed.
 */
export class ServerAuthentication {
  readonly #options: ServerAuthOptions;
  #phase: Phase = 'response';
  #request: AuthRequest = { user: '', authResponse: Buffer.alloc(0) };
  #known: KnownAccount | undefined;
  #plugin: ServerAuthPlugin;
  #passwordGiven = false;
  #candidate: Candidate | undefined;

  constructor(options: ServerAuthOptions) {
    this.#options = options;
    this.#plugin = options.defaultPlugin;
  }

  /** Takes the handshake response (not a request for TLS) or a COM_CHANGE_USER. */
  onResponse(request: AuthRequest): AuthStep {
    this.#request = request;
    this.#phase = 'account';
    return { kind: 'look_up', user: request.user };
  }

  /** Takes what is known of the user; undefined when there is none of this name. */
  onAccount(known: KnownAccount | undefined): AuthStep {
    if (this.#phase !== 'account') return this.#deny('malformed');
    this.#known = known;
    const { defaultPlugin } = this.#options;
    const { authResponse, authPlugin } = this.#request;
    const asked = authPlugin ?? nativePassword;
    if (!isSupported(asked)) return this.#switchTo(defaultPlugin);
    if (this.#options.asksAgain === true && authPlugin !== undefined) return this.#switchTo(asked);
    // A client whose plugin is not the greeting's had no nonce for it, so it sends a dummy
    // and waits to be asked properly.
    if (asked !== defaultPlugin && isEmptyResponse(authResponse)) return this.#switchTo(asked);
    this.#plugin = asked;
    return this.#onScramble(authResponse);
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
      case 'account':
      case 'check':
      case 'done':
        return this.#deny('malformed');
    }
  }

  /** Takes the node's word on the password that `check` named. */
  onChecked(accepted: boolean): AuthStep {
    const candidate = this.#candidate;
    if (this.#phase !== 'check' || !candidate) return this.#deny('malformed');
    return accepted ? this.#accept(candidate) : this.#deny('wrong_password');
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
    if (isEmptyResponse(response)) return this.#onEmpty();
    this.#passwordGiven = true;
    const known = this.#known;
    switch (known?.kind) {
      case undefined:
        return this.#deny('wrong_password');
      case 'password':
        return this.#compare(known.password, known.trust, response);
      case 'native_hashes':
        return this.#compareHashes(known.doubleSha1s, response);
      case 'ask':
        return this.#askForPassword();
    }
  }

  #onEmpty(): AuthStep {
    const known = this.#known;
    if (known?.kind === 'password' && known.password === '') {
      return this.#settle({ password: '' }, known.trust === 'confirm');
    }
    if (known?.kind === 'native_hashes' && !known.doubleSha1s.some((hash) => hash.length === 0)) {
      return this.#deny('wrong_password');
    }
    if (known === undefined || (known.kind === 'password' && known.trust === 'final')) {
      return this.#deny('wrong_password');
    }
    return this.#settle({ password: '' }, true);
  }

  #compare(
    password: string,
    trust: Extract<KnownAccount, { kind: 'password' }>['trust'],
    response: Buffer,
  ): AuthStep {
    const { nonce } = this.#options;
    const sha2 = this.#plugin === cachingSha2Password;
    const right = sha2
      ? cachingSha2Verify(response, nonce, password)
      : nativePasswordSha1(response, nonce, doubleSha1(password)) !== undefined;
    if (right && password !== '') {
      const payloadBefore = encodeAuthMoreData(Buffer.of(fastAuthSuccess));
      return this.#settle({ password, ...(sha2 ? { payloadBefore } : {}) }, trust === 'confirm');
    }
    return trust === 'final' ? this.#deny('wrong_password') : this.#askForPassword();
  }

  #compareHashes(doubleSha1s: readonly Buffer[], response: Buffer): AuthStep {
    // Of SHA-1 the other plugin proves nothing.
    if (this.#plugin !== nativePassword) return this.#switchTo(nativePassword);
    for (const hash of doubleSha1s) {
      const sha1 = nativePasswordSha1(response, this.#options.nonce, hash);
      if (sha1) return this.#settle({ password: { sha1 } }, true);
    }
    return this.#deny('wrong_password');
  }

  /** Full authentication, after an auth switch if the client is not at that plugin. */
  #askForPassword(): AuthStep {
    if (this.#plugin !== cachingSha2Password) return this.#switchTo(cachingSha2Password);
    if (!this.#options.secure && this.#options.rsaKeys === undefined) {
      return this.#deny('insecure_channel');
    }
    this.#phase = 'password_or_key_request';
    return { kind: 'send', payload: encodeAuthMoreData(Buffer.of(fullAuthentication)) };
  }

  #onPasswordOrKeyRequest(payload: Buffer): AuthStep {
    const { rsaKeys, secure } = this.#options;
    if (payload.length === 1 && payload[0] === publicKeyRequest && rsaKeys !== undefined) {
      this.#phase = 'password';
      return { kind: 'send', payload: encodeAuthMoreData(Buffer.from(rsaKeys.publicKeyPem)) };
    }
    if (secure) return this.#onPassword(withoutZero(payload));
    // A client that was given the public key beforehand encrypts at once.
    return this.#onEncryptedPassword(payload);
  }

  #onEncryptedPassword(payload: Buffer): AuthStep {
    const { rsaKeys, nonce } = this.#options;
    if (rsaKeys === undefined) return this.#deny('insecure_channel');
    return this.#onPassword(rsaDecryptPassword(payload, nonce, rsaKeys.privateKeyPem));
  }

  #onPassword(password: string | undefined): AuthStep {
    return password === undefined ? this.#deny('malformed') : this.#settle({ password }, true);
  }

  #settle(candidate: Candidate, check: boolean): AuthStep {
    if (!check) return this.#accept(candidate);
    this.#phase = 'check';
    this.#candidate = candidate;
    return { kind: 'check', user: this.#request.user, password: candidate.password };
  }

  #accept(candidate: Candidate): AuthStep {
    this.#phase = 'done';
    return { kind: 'ok', user: this.#request.user, ...candidate };
  }

  get #usingPassword(): string {
    return `using password: ${this.#passwordGiven ? 'YES' : 'NO'}`;
  }

  #deny(reason: DenialReason): AuthStep {
    this.#phase = 'done';
    const host = this.#options.clientHost ?? 'localhost';
    const using = reason === 'insecure_channel' ? needsTls : this.#usingPassword;
    return {
      kind: 'denied',
      reason: reason === 'wrong_password' && this.#known === undefined ? 'unknown_user' : reason,
      message: `Access denied for user '${this.#request.user}'@'${host}' (${using})`,
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
