import { randomBytes } from 'node:crypto';
import { nonceBytes } from '../protocol/handshake-v10.ts';

/** A nonce has no zero byte: clients read it as text that ends at one. */
export function nonceOf(): Buffer {
  const nonce = randomBytes(nonceBytes);
  for (const [index, byte] of nonce.entries()) if (byte === 0) nonce[index] = 1;
  return nonce;
}
