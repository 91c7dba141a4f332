import { createHash, timingSafeEqual } from 'node:crypto';
import type { Password } from './password.ts';

/**
 * mysql_native_password: the client proves that it knows SHA1(password) while the server keeps
 * only SHA1(SHA1(password)):
 * `response = SHA1(password) XOR SHA1(nonce || SHA1(SHA1(password)))`.
 * Source: page "Native Authentication"; MySQL `sql/auth/password.cc`.
 */
export const nativePassword = 'mysql_native_password';
const sha1Bytes = 20;

/** The client's answer; empty for an empty password. */
export function nativePasswordScramble(password: Password, nonce: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0);
  const single = typeof password === 'string' ? sha1(Buffer.from(password)) : password.sha1;
  return xor(single, sha1(nonce, sha1(single)));
}

/**
 * SHA1(password), when `response` was made from the password whose double SHA-1 is given: what
 * the client sent is enough to log in elsewhere as it. Undefined when it was not.
 */
export function nativePasswordSha1(
  response: Uint8Array,
  nonce: Uint8Array,
  doubleSha1OfPassword: Uint8Array,
): Buffer | undefined {
  if (response.length !== sha1Bytes || doubleSha1OfPassword.length !== sha1Bytes) return undefined;
  const single = xor(response, sha1(nonce, doubleSha1OfPassword));
  return timingSafeEqual(sha1(single), doubleSha1OfPassword) ? single : undefined;
}

/** What a server stores for an account, without the leading `*` and not in hexadecimal. */
export function doubleSha1(password: Password): Buffer {
  return sha1(typeof password === 'string' ? sha1(Buffer.from(password)) : password.sha1);
}

function sha1(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
