import type { Seq } from '../base/brands.ts';
import { seq as toSeq } from '../base/brands.ts';
import { crc32c } from './crc32c.ts';

/**
 * The first 64 bytes of a segment file, little-endian:
 *
 *   0       8         9             10     12     16         24           60
 *   | magic | version | id length u8 | zero | salt | firstSeq | cluster id | crc32c |
 *
 * The salt is random. It seeds the checksum of every record of the file, so that bytes which
 * merely look like a record (a client's BLOB may hold a copy of a log) never pass for one.
 *
 * This layout stays as it is in every version to come, so that each can tell of any other.
 */
export interface SegmentHeader {
  /** Of everything in the file. A reader knows its own version and all before it. */
  readonly version: number;
  readonly firstSeq: Seq;
  /** At most 36 bytes, as a UUID has. */
  readonly clusterId: string;
  /** 32 random bits. */
  readonly salt: number;
}

export const segmentHeaderBytes = 64;
/** Of what this program writes. It reads this version and, once it is raised, all before it. */
export const formatVersion = 1;
const magic = Buffer.from('LOCKSTEP', 'latin1');
const clusterIdAt = 24;
const checksumAt = 60;
export const clusterIdBytesMax = checksumAt - clusterIdAt;

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  magic.copy(bytes);
  bytes[8] = header.version;
  bytes[9] = bytes.write(header.clusterId, clusterIdAt, clusterIdBytesMax, 'utf8');
  bytes.writeUInt32LE(header.salt, 12);
  bytes.writeBigUInt64LE(BigInt(header.firstSeq), 16);
  bytes.writeUInt32LE(crc32c(bytes, 0, checksumAt), checksumAt);
  return bytes;
}

/** The header, or the reason why these bytes are none. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < segmentHeaderBytes) return 'the segment header is cut short';
  if (!bytes.subarray(0, 8).equals(magic))
    return 'the segment header does not begin with its magic';
  if (bytes.readUInt32LE(checksumAt) !== crc32c(bytes, 0, checksumAt)) {
    return 'the checksum of the segment header is wrong';
  }
  const version = bytes[8] ?? 0;
  if (version === 0) return 'there is no format version 0';
  return {
    version,
    firstSeq: toSeq(Number(bytes.readBigUInt64LE(16))),
    clusterId: bytes.toString('utf8', clusterIdAt, clusterIdAt + (bytes[9] ?? 0)),
    salt: bytes.readUInt32LE(12),
  };
}
