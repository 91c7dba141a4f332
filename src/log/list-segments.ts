import { join } from 'node:path';
import { nextSeq, type Seq } from '../base/brands.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFile, LogFileSystem } from './log-file-system.ts';
import { LogTooNew } from './log-too-new.ts';
import { Segment } from './segment.ts';
import {
  decodeSegmentHeader,
  formatVersion,
  type SegmentHeader,
  segmentHeaderBytes,
} from './segment-header.ts';
import { parseSegmentName, segmentName } from './segment-name.ts';
import { decodeSeal } from './segment-seal.ts';

const sealGuessBytes = 16 * 1024;

/** The first seqs of the segments among these file names, ascending. */
export function segmentsAmong(names: readonly string[]): Seq[] {
  return names
    .map(parseSegmentName)
    .filter((seq) => seq !== undefined)
    .sort((a, b) => a - b);
}

/**
 * Rejects log_corrupt unless the header is whole and fits the file's name and cluster,
 * log_too_new if a newer version wrote it.
 */
export async function readHeader(
  file: LogFile,
  path: string,
  expected: { readonly firstSeq: Seq; readonly clusterId: string | undefined },
): Promise<SegmentHeader> {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  const got = await file.read(bytes, 0);
  const header = decodeSegmentHeader(bytes.subarray(0, got));
  if (typeof header === 'string') throw new LogCorrupt(path, 0, header);
  if (header.version > formatVersion) {
    throw new LogTooNew(path, { found: header.version, known: formatVersion });
  }
  if (header.firstSeq !== expected.firstSeq) {
    throw new LogCorrupt(path, 0, `its first seq is ${header.firstSeq}, not as its name says`);
  }
  if (expected.clusterId !== undefined && header.clusterId !== expected.clusterId) {
    throw new LogCorrupt(path, 0, `it belongs to cluster ${header.clusterId}`);
  }
  return header;
}

/** A closed segment by its header and seal; its records are not read. */
export async function readClosedSegment(
  fileSystem: LogFileSystem,
  folder: string,
  expected: { readonly firstSeq: Seq; readonly clusterId: string | undefined },
): Promise<Segment> {
  const path = join(folder, segmentName(expected.firstSeq));
  const file = await fileSystem.open(path, 'read');
  try {
    const header = await readHeader(file, path, expected);
    const size = await file.size();
    let wanted = Math.min(size, sealGuessBytes);
    for (;;) {
      const tail = Buffer.alloc(wanted);
      await file.read(tail, size - wanted);
      const seal = decodeSeal(header, tail, size);
      if (typeof seal === 'string') throw new LogCorrupt(path, size, seal);
      if (typeof seal === 'number') {
        wanted = seal;
        continue;
      }
      const { lastSeq, index, offset } = seal;
      return new Segment(folder, header, { lastSeq, index, dataEnd: offset, sizeBytes: size });
    }
  } finally {
    await file.close();
  }
}

/** Rejects log_corrupt if a segment between two others is missing. */
export function checkChain(before: Segment | undefined, firstSeq: Seq, folder: string): void {
  if (before === undefined || nextSeq(before.lastSeq) === firstSeq) return;
  const missing = join(folder, segmentName(nextSeq(before.lastSeq)));
  throw new LogCorrupt(missing, 0, `the segment is missing; the next one begins at ${firstSeq}`);
}
