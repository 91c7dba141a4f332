import { constants, createHash, privateDecrypt, publicEncrypt, timingSafeEqual } from 'node:crypto';

/**
 * caching_sha2_password. Fast: the client sends
 * `SHA256(password) XOR SHA256(SHA256(SHA256(password)) || nonce)`. Full: the password itself,
 * ended by a zero byte, inside TLS, or XORed with the nonce and encrypted by RSA-OAEP (SHA-1)
 * with the server's public key.
 * Source: page "Caching_sha2_password information"; MySQL `sql/auth/sha2_password.cc`.
 */
export const cachingSha2Password = 'caching_sha2_password';

/** Server to client, in an AuthMoreData packet: the scramble was right, an OK follows. */
export const fastAuthSuccess = 3;
/** Server to client, in an AuthMoreData packet: send the password. */
export const fullAuthentication = 4;
/** Client to server, alone in a packet: send your public key. */
export const publicKeyRequest = 2;

const sha256Bytes = 32;

/** The client's answer; empty for an empty password. */
export function cachingSha2Scramble(password: string, nonce: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0);
  const single = sha256(Buffer.from(password, 'utf8'));
  return xor(single, sha256(sha256(single), nonce));
}

/** SHA256(SHA256(password)): what a server caches to answer fast. */
export function doubleSha256(password: string): Buffer {
  return sha256(sha256(Buffer.from(password, 'utf8')));
}

/** True when `response` was made from the password, given itself or as its double SHA-256. */
export function cachingSha2Verify(
  response: Uint8Array,
  nonce: Uint8Array,
  passwordOrDigest: string | Uint8Array,
): boolean {
  if (response.length !== sha256Bytes) return false;
  const digest =
    typeof passwordOrDigest === 'string' ? doubleSha256(passwordOrDigest) : passwordOrDigest;
  const single = xor(response, sha256(digest, nonce));
  return timingSafeEqual(sha256(single), digest);
}

/** XORs with the nonce, repeated as often as needed. Its own inverse. */
export function xorWithNonce(passwordZ: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(passwordZ.map((byte, index) => byte ^ (nonce[index % nonce.length] ?? 0)));
}

/** The zero-ended password as full authentication sends it inside TLS. */
export function zeroEnded(password: string): Buffer {
  return Buffer.from(`${password}\0`, 'utf8');
}

/** `publicKeyPem` as the server sent it. Throws when it is no RSA key, or too small. */
export function rsaEncryptPassword(
  password: string,
  nonce: Uint8Array,
  publicKeyPem: string | Buffer,
): Buffer {
  return publicEncrypt(
    { key: publicKeyPem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    xorWithNonce(zeroEnded(password), nonce),
  );
}

/** The password, or undefined when the bytes were not made for this key and nonce. */
export function rsaDecryptPassword(
  encrypted: Uint8Array,
  nonce: Uint8Array,
  privateKeyPem: string | Buffer,
): string | undefined {
  let clear: Buffer;
  try {
    clear = privateDecrypt(
      { key: privateKeyPem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      encrypted,
    );
  } catch {
    return undefined;
  }
  return withoutZero(xorWithNonce(clear, nonce));
}

/** The text before the zero byte that must end it, else undefined. */
export function withoutZero(passwordZ: Buffer): string | undefined {
  return passwordZ.at(-1) === 0 ? passwordZ.toString('utf8', 0, passwordZ.length - 1) : undefined;
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
