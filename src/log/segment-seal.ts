import type { Seq } from '../base/brands.ts';
import { seq as toSeq } from '../base/brands.ts';
import { decodeRecord, encodeRecord, type RawRecord, recordHeaderBytes } from './record-codec.ts';
import { type SegmentHeader, segmentHeaderBytes } from './segment-header.ts';
import { SparseIndex } from './sparse-index.ts';

/**
 * The last record of a closed segment, so that opening a log need not read what is in it.
 * Its seq is the last entry's (firstSeq - 1 if there is none). Its payload, little-endian:
 *
 *   | (seq - firstSeq u32, offset u32) for each place of the index | length of the record u32 |
 *
 * The length comes last so that the record is found from the end of the file.
 */
export interface SegmentSeal {
  readonly lastSeq: Seq;
  readonly index: SparseIndex;
  /** Where the seal begins and the records end, bytes. */
  readonly offset: number;
}

export function encodeSeal(
  header: SegmentHeader,
  seal: { readonly lastSeq: Seq; readonly index: SparseIndex; readonly offset: number },
): Buffer {
  const payload = Buffer.alloc((seal.index.length - 1) * 8 + 4);
  let at = 0;
  for (const place of seal.index.places()) {
    payload.writeUInt32LE(place.seq - header.firstSeq, at);
    payload.writeUInt32LE(place.offset, at + 4);
    at += 8;
  }
  payload.writeUInt32LE(recordHeaderBytes + payload.length, at);
  const bytes = Buffer.alloc(recordHeaderBytes + payload.length);
  const record: RawRecord = { kind: 'seal', seq: seal.lastSeq, payload };
  encodeRecord(bytes, 0, record, { salt: header.salt, batchStart: seal.offset });
  return bytes;
}

/**
 * The seal at the end of `tail`, the last bytes of a file of `size` bytes; a number asks for
 * that many bytes of tail; a string says why there is no seal.
 */
export function decodeSeal(
  header: SegmentHeader,
  tail: Buffer,
  size: number,
): SegmentSeal | number | string {
  if (tail.length < recordHeaderBytes + 4) return 'the segment was never closed';
  const bytes = tail.readUInt32LE(tail.length - 4);
  if (bytes < recordHeaderBytes + 4 || bytes > size - segmentHeaderBytes) {
    return 'the segment does not end with its seal';
  }
  if (bytes > tail.length) return bytes;
  const offset = size - bytes;
  const source = tail.subarray(tail.length - bytes);
  const decoded = decodeRecord(source, 0, { salt: header.salt, base: offset });
  if (decoded.kind !== 'record' || decoded.record.kind !== 'seal') {
    return 'the segment does not end with its seal';
  }
  const { payload, seq } = decoded.record;
  const index = new SparseIndex({ seq: header.firstSeq, offset: segmentHeaderBytes });
  for (let at = 0; at + 8 <= payload.length - 4; at += 8) {
    index.add(toSeq(header.firstSeq + payload.readUInt32LE(at)), payload.readUInt32LE(at + 4));
  }
  return { lastSeq: seq, index, offset };
}
