import type { Seq } from '../../base/brands.ts';

/** What the killed writer appends as entry `seq`: known to whoever checks it later. */
export function payloadOf(seq: Seq): Buffer {
  const length = seq % 97 === 0 ? 40_000 : 20 + ((seq * 7919) % 300);
  return Buffer.from(`${seq} `.padEnd(length, String(seq)));
}
