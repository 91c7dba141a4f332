import { decodeRecord, recordHeaderBytes, type StoredRecord } from './record-codec.ts';
import { segmentHeaderBytes } from './segment-header.ts';

/** What follows the first record of the last segment that cannot be read. */
export interface SuspectTail {
  /** The bytes from the bad record to the end of the file. */
  readonly bytes: Buffer;
  /** Where the bad record begins in the file. */
  readonly offset: number;
  readonly salt: number;
  /** The last entry before it. */
  readonly lastSeq: number;
}

/**
 * `torn`: a crash interrupted the last group commit, nothing behind `offset` was ever
 * acknowledged. `corrupt`: what was acknowledged is damaged; `evidence` is the offset of the
 * valid record that proves it.
 */
export type TailVerdict =
  | { readonly kind: 'torn' }
  | { readonly kind: 'corrupt'; readonly evidence: number };

/** The unit that a disk writes whole or not at all; larger units are multiples of it. */
const sectorBytes = 512;

/**
 * Tells a torn tail from damage, by what comes after the bad record:
 *
 * - no valid record: torn. (If the very last record was acknowledged and then damaged, this
 *   cannot be told from a crash; the nodes, which are ahead of the log then, tell it.)
 * - a valid record whose batch begins behind the bad one: the bad one's batch was on the disk
 *   before, so it is damage.
 * - valid records of the bad one's own batch only: the pages of an interrupted write reach a
 *   disk in any order, so they may be there without the bad one. It is torn if a sector of
 *   the gap was never written, that is, reads as zeros (the log grows into fresh space, or
 *   space that was cut off durably). A gap full of other bytes is damage.
 */
export function judgeTail(tail: SuspectTail): TailVerdict {
  let firstValid: StoredRecord | undefined;
  for (const record of validRecords(tail)) {
    if (record.batchStart > tail.offset) return { kind: 'corrupt', evidence: record.offset };
    firstValid ??= record;
  }
  if (firstValid === undefined || hasUnwrittenSector(tail, firstValid)) return { kind: 'torn' };
  return { kind: 'corrupt', evidence: firstValid.offset };
}

/** Every valid record behind the bad one, wherever it begins. */
function* validRecords(tail: SuspectTail): Generator<StoredRecord> {
  const { bytes, offset, salt } = tail;
  const last = bytes.length - recordHeaderBytes;
  const seqMax = tail.lastSeq + 1 + Math.ceil(bytes.length / recordHeaderBytes);
  let at = 1;
  while (at <= last) {
    if (!isPlausible(bytes, at, tail, seqMax)) {
      at++;
      continue;
    }
    const decoded = decodeRecord(bytes, at, { salt, base: offset });
    if (decoded.kind === 'record') yield decoded.record;
    at += decoded.kind === 'record' ? decoded.record.bytes : 1;
  }
}

/** Cheap tests first: the checksum is taken at every byte that passes them. */
function isPlausible(bytes: Buffer, at: number, tail: SuspectTail, seqMax: number): boolean {
  const kind = bytes[at + 20]!;
  if (kind < 1 || kind > 3) return false;
  const batchStart = bytes.readUInt32LE(at + 16);
  if (batchStart < segmentHeaderBytes || batchStart > tail.offset + at) return false;
  const seq = bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 12) * 0x1_0000_0000;
  if (seq < tail.lastSeq || seq > seqMax) return false;
  return bytes.readUInt32LE(at) <= bytes.length - at - recordHeaderBytes;
}

function hasUnwrittenSector(tail: SuspectTail, firstValid: StoredRecord): boolean {
  const { bytes, offset } = tail;
  const gapEnd = firstValid.offset - offset;
  const toBoundary = (sectorBytes - (offset % sectorBytes)) % sectorBytes;
  // In the sector where the batch begins only the batch's own part can be missing; in the
  // sector of an earlier valid record of the batch nothing can.
  let start = firstValid.batchStart === offset ? 0 : toBoundary;
  let end = start === 0 && toBoundary > 0 ? toBoundary : start + sectorBytes;
  while (end <= gapEnd) {
    if (bytes.subarray(start, end).every((byte) => byte === 0)) return true;
    start = end;
    end += sectorBytes;
  }
  return false;
}
