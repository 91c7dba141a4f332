import { createHash } from 'node:crypto';

/**
 * What MySQL stores for a password under caching_sha2_password:
 *
 *   $A$ | rounds in thousands, three hex digits | $ | salt, 20 bytes | 43 digits of the digest
 *
 * The digest is the SHA-256 form of Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512",
 * with a salt of 20 bytes instead of 16 at most.
 */
export function cachingSha2Hash(password: Buffer, salt: Buffer, rounds: number): Buffer {
  const thousands = Math.floor(rounds / 1000);
  const head = `$A$${thousands.toString(16).toUpperCase().padStart(3, '0')}$`;
  const digest = encode(crypt(password, salt, thousands * 1000));
  return Buffer.concat([Buffer.from(head, 'latin1'), salt, Buffer.from(digest, 'latin1')]);
}

export const cachingSha2SaltBytes = 20;

/** Bytes that a salt may have: MySQL takes neither NUL nor the separator, nor beyond 7 bits. */
export const isSaltByte = (byte: number): boolean => byte > 0 && byte < 0x80 && byte !== 0x24;

const sha256 = (...parts: readonly Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

const repeatTo = (bytes: Buffer, length: number): Buffer => Buffer.alloc(length, bytes);

/** Step numbers as in the specification. */
function crypt(key: Buffer, salt: Buffer, rounds: number): Buffer {
  // Steps 4 to 12.
  const alternate = sha256(key, salt, key);
  const parts = [key, salt, repeatTo(alternate, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? alternate : key);
  let digest = sha256(...parts);
  // Steps 13 to 20.
  const byKey = repeatTo(sha256(...Array.from({ length: key.length }, () => key)), key.length);
  const salts = Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt);
  const bySalt = repeatTo(sha256(...salts), salt.length);
  // Step 21.
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1;
    digest = sha256(
      odd ? byKey : digest,
      round % 3 === 0 ? Buffer.alloc(0) : bySalt,
      round % 7 === 0 ? Buffer.alloc(0) : byKey,
      odd ? digest : byKey,
    );
  }
  return digest;
}

const digits = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Step 22: three bytes make four digits; in each group the bytes lie ten apart. */
function encode(digest: Buffer): string {
  let text = '';
  const add = (bytes: readonly number[], count: number): void => {
    let value = bytes.reduce((sum, index) => (sum << 8) | (digest[index] ?? 0), 0);
    for (let digit = 0; digit < count; digit += 1) {
      text += digits[value & 63];
      value >>= 6;
    }
  };
  for (let group = 0; group < 10; group += 1) {
    const first = (group * 21) % 30;
    add([first, (first + 10) % 30, (first + 20) % 30], 4);
  }
  add([31, 30], 3);
  return text;
}
