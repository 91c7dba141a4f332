import type { Seq } from '../base/brands.ts';
import { seq as toSeq } from '../base/brands.ts';
import { crc32c } from './crc32c.ts';

/**
 * One record in a segment, little-endian:
 *
 *   0            4        8     16            20        21
 *   | length u32 | crc32c | seq | batch start | kind u8 | payload (length bytes) |
 *
 * The checksum covers everything but itself, and is seeded with the file's salt and the
 * record's own offset: a record in the wrong place is no record.
 *
 * `batch start` is the offset at which the group commit began that this record was written
 * in. A batch is written only when the one before it is on the disk, so a valid record whose
 * batch starts behind some place proves that everything up to that place was acknowledged.
 * Recovery tells by it what a crash may have torn from what the disk has lost since.
 */
export type RecordKind = 'entry' | 'intent' | 'seal';

export interface RawRecord {
  readonly kind: RecordKind;
  readonly seq: Seq;
  readonly payload: Buffer;
}

export interface StoredRecord extends RawRecord {
  /** Where the record begins in its file, bytes. */
  readonly offset: number;
  /** Header and payload, bytes. */
  readonly bytes: number;
  readonly batchStart: number;
}

export const recordHeaderBytes = 21;
/** No entry comes near: the limits on packets and transactions are far lower. */
export const payloadBytesMax = 512 * 1024 * 1024;

const kindBytes: Readonly<Record<RecordKind, number>> = { entry: 1, intent: 2, seal: 3 };
const kindsByByte: readonly (RecordKind | undefined)[] = [undefined, 'entry', 'intent', 'seal'];
const twoTo32 = 0x1_0000_0000;

export interface BatchPlace {
  readonly salt: number;
  /** Offset in the file at which the batch, and with it the target buffer, begins. */
  readonly batchStart: number;
}

/** Writes the record at `at` of a buffer that holds one batch; returns where it ends. */
export function encodeRecord(
  target: Buffer,
  at: number,
  record: RawRecord,
  place: BatchPlace,
): number {
  const { payload, seq } = record;
  const end = at + recordHeaderBytes + payload.length;
  target.writeUInt32LE(payload.length, at);
  target.writeUInt32LE(seq % twoTo32, at + 8);
  target.writeUInt32LE(Math.floor(seq / twoTo32), at + 12);
  target.writeUInt32LE(place.batchStart, at + 16);
  target[at + 20] = kindBytes[record.kind];
  target.set(payload, at + recordHeaderBytes);
  target.writeUInt32LE(checksum(target, at, end, place.salt, place.batchStart + at), at + 4);
  return end;
}

export type Decoded =
  | { readonly kind: 'record'; readonly record: StoredRecord }
  /** The record may go on behind the buffer; `bytes` of it must be there to tell. */
  | { readonly kind: 'short'; readonly bytes: number }
  | { readonly kind: 'bad'; readonly reason: string };

/** Reads the record at `at` of a buffer that was read from `base` of the file. */
export function decodeRecord(
  source: Buffer,
  at: number,
  place: { readonly salt: number; readonly base: number },
): Decoded {
  if (source.length - at < recordHeaderBytes) return { kind: 'short', bytes: recordHeaderBytes };
  const length = source.readUInt32LE(at);
  const kind = kindsByByte[source[at + 20]!];
  if (kind === undefined) return { kind: 'bad', reason: 'the record is of no known kind' };
  if (length > payloadBytesMax) return { kind: 'bad', reason: 'the length of the record is wrong' };
  const bytes = recordHeaderBytes + length;
  const end = at + bytes;
  if (end > source.length) return { kind: 'short', bytes };
  const offset = place.base + at;
  if (source.readUInt32LE(at + 4) !== checksum(source, at, end, place.salt, offset)) {
    return { kind: 'bad', reason: 'the checksum of the record is wrong' };
  }
  const seq = toSeq(source.readUInt32LE(at + 8) + source.readUInt32LE(at + 12) * twoTo32);
  const batchStart = source.readUInt32LE(at + 16);
  const payload = source.subarray(at + recordHeaderBytes, end);
  return { kind: 'record', record: { kind, seq, payload, offset, bytes, batchStart } };
}

function checksum(bytes: Buffer, at: number, end: number, salt: number, offset: number): number {
  const overLength = crc32c(bytes, at, at + 4, (salt ^ offset) >>> 0);
  return crc32c(bytes, at + 8, end, overLength);
}
