import { randomFillSync } from 'node:crypto';

/** Random bytes are cheap by the kilobyte only. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/** So many random bytes, as hexadecimal digits. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
