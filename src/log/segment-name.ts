import type { Seq } from '../base/brands.ts';
import { seq } from '../base/brands.ts';

/** A segment is named after its first seq, so that sorting by name is sorting by order. */
export const segmentName = (firstSeq: Seq): string => `${String(firstSeq).padStart(20, '0')}.log`;

/** The first seq that the name tells; undefined for any other file. */
export function parseSegmentName(name: string): Seq | undefined {
  return /^\d{20}\.log$/.test(name) ? seq(Number(name.slice(0, 20))) : undefined;
}
