import { createPrivateKey, type KeyObject, pbkdf2Sync, sign } from 'node:crypto';

/**
 * MariaDB's parsec (from 11.6): a key is derived from the password and the account's salt, and
 * signs the scrambles of both sides.
 *
 * ```
 * server: auth switch, scramble of 32 bytes     client: an empty packet
 * server: 'P' | log2(iterations) - 10 (u8) | salt     client: scramble of 32 | signature of 64
 * ```
 * The key is Ed25519's, its seed PBKDF2-SHA512(password, salt, iterations) of 32 bytes.
 * Source: MariaDB KB "Authentication Plugin - PARSEC".
 */
export const parsec = 'parsec';

export const extSaltHeader = 0x50;
/** Newer servers let their owner choose; a million iterations take a second. */
const factorMax = 10;
/** Of either side's scramble. */
export const scrambleBytes = 32;
const saltBytesMin = 8;
const pkcs8Ed25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The client's last packet; undefined when the server's salt cannot be read. */
export function parsecResponse(
  password: string,
  serverScramble: Uint8Array,
  extSalt: Buffer,
  clientScramble: Uint8Array,
): Buffer | undefined {
  const key = parsecKey(password, extSalt);
  if (!key || serverScramble.length !== scrambleBytes) return undefined;
  const signed = Buffer.concat([serverScramble, clientScramble]);
  return Buffer.concat([clientScramble, sign(undefined, signed, key)]);
}

/** Undefined for a salt in no form that is known. */
export function parsecKey(password: string, extSalt: Buffer): KeyObject | undefined {
  const [header, factor = factorMax + 1] = extSalt;
  const salt = extSalt.subarray(2);
  if (header !== extSaltHeader || factor > factorMax || salt.length < saltBytesMin) {
    return undefined;
  }
  const seed = pbkdf2Sync(Buffer.from(password, 'utf8'), salt, 1024 << factor, 32, 'sha512');
  const key = Buffer.concat([pkcs8Ed25519, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
