import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Of a secret that was drawn by chance and is long, so that nobody can guess it back. Looking one
 * up by its digest tells nothing by the time it takes: who sends a guess does not choose it.
 */
export const digestOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex');

/** Whether both are the same, in a time that does not tell how much of them is. */
export function isSameSecret(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(left)), Buffer.from(digestOf(right)));
}
