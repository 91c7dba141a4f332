import { createHash } from 'node:crypto';

/**
 * MariaDB's client_ed25519: the client signs the server's nonce of 32 bytes; the server keeps
 * the public key only. It is Ed25519 (RFC 8032) but for one thing: what is hashed to get the
 * secret scalar is the password, of any length, where the RFC has a seed of 32 bytes. So the
 * system's own signer cannot be used, and this one, which is not made to take the same time
 * whatever the secret is, serves only to log in to nodes.
 * Source: MariaDB KB "Authentication Plugin - ed25519"; MariaDB `plugin/auth_ed25519/ref10/sign.c`.
 */
export const clientEd25519 = 'client_ed25519';

const prime = 2n ** 255n - 19n;
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/** R and S of the signature, 64 bytes. */
export function ed25519Sign(password: string, message: Uint8Array): Buffer {
  const { scalar, prefix } = expand(password);
  const publicKey = encode(multiply(basePoint, scalar));
  const once = littleEndian(sha512(prefix, message)) % groupOrder;
  const commitment = encode(multiply(basePoint, once));
  const challenge = littleEndian(sha512(commitment, publicKey, message)) % groupOrder;
  const answer = (once + challenge * scalar) % groupOrder;
  return Buffer.concat([commitment, bytesOf(answer)]);
}

/** What a server stores for an account, there in base64 without padding. */
export function ed25519PublicKey(password: string): Buffer {
  return encode(multiply(basePoint, expand(password).scalar));
}

function expand(password: string): { scalar: bigint; prefix: Buffer } {
  const hash = sha512(Buffer.from(password, 'utf8'));
  const low = hash.subarray(0, 32);
  low[0] = (low[0] ?? 0) & 0xf8;
  low[31] = ((low[31] ?? 0) & 0x3f) | 0x40;
  return { scalar: littleEndian(low), prefix: hash.subarray(32) };
}

/** A point in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, 5.1.4). */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const modulo = (value: bigint): bigint => ((value % prime) + prime) % prime;
const invert = (value: bigint): bigint => power(value, prime - 2n);
const curveD = modulo(-121665n * invert(121666n));

const basePoint = ((): Point => {
  const x = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
  const y = modulo(4n * invert(5n));
  return { x, y, z: 1n, t: modulo(x * y) };
})();

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = modulo(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square);
    square = modulo(square * square);
  }
  return result;
}

function add(left: Point, right: Point): Point {
  const a = modulo((left.y - left.x) * (right.y - right.x));
  const b = modulo((left.y + left.x) * (right.y + right.x));
  const c = modulo(left.t * 2n * curveD * right.t);
  const d = modulo(left.z * 2n * right.z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: modulo(e * f), y: modulo(g * h), z: modulo(f * g), t: modulo(e * h) };
}

function multiply(point: Point, scalar: bigint): Point {
  let result: Point = { x: 0n, y: 1n, z: 1n, t: 0n };
  let doubled = point;
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, doubled);
    doubled = add(doubled, doubled);
  }
  return result;
}

/** y, and the lowest bit of x as the highest of all. */
function encode({ x, y, z }: Point): Buffer {
  const inverse = invert(z);
  const bytes = bytesOf(modulo(y * inverse));
  if (modulo(x * inverse) & 1n) bytes[31] = (bytes[31] ?? 0) | 0x80;
  return bytes;
}

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);

const bytesOf = (value: bigint): Buffer =>
  Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed());

function sha512(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
