import { join, resolve as absolutePath } from 'node:path';
import { nextSeq, noSeq, type Seq } from '../base/brands.ts';
import { clusterFileName, readClusterFile } from './cluster-file.ts';
import { checkChain, readClosedSegment, readHeader, segmentsAmong } from './list-segments.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFileSystem } from './log-file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { recoverTail, type Tail } from './recover-tail.ts';
import { Segment } from './segment.ts';
import { segmentName } from './segment-name.ts';

export interface LogSummary {
  readonly segments: number;
  readonly entries: number;
  readonly intents: number;
  /** 0 and 0 if there is no entry. */
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly sizeBytes: number;
  /** An interrupted write at the very end, which opening the log would cut off. */
  readonly torn: { readonly file: string; readonly offset: number } | undefined;
}

/**
 * Reads every record of every segment, changes nothing and takes no lock. Rejects `LogCorrupt`
 * (log_corrupt) with the file and offset of the first record that is not as it was written.
 */
export async function verifyLog(
  folder: string,
  options: { readonly fileSystem?: LogFileSystem } = {},
): Promise<LogSummary> {
  const fileSystem = options.fileSystem ?? nodeFileSystem();
  const place = absolutePath(folder);
  const names = await fileSystem.list(place);
  const clusterId = names.includes(clusterFileName)
    ? (await readClusterFile(fileSystem, place)).clusterId
    : undefined;
  const firstSeqs = segmentsAmong(names);
  const sum = { entries: 0, intents: 0, firstSeq: noSeq, lastSeq: noSeq, sizeBytes: 0 };
  let torn: LogSummary['torn'];
  let before: Segment | undefined;
  for (const [at, firstSeq] of firstSeqs.entries()) {
    checkChain(before, firstSeq, place);
    const found = await verifySegment(fileSystem, place, { firstSeq, clusterId });
    const { tail, segment } = found;
    if (at < firstSeqs.length - 1) await checkClosed(fileSystem, place, found);
    else if (tail.torn !== undefined) torn = { file: segment.path, offset: tail.validEnd };
    sum.entries += tail.entries;
    sum.intents += tail.intents;
    sum.sizeBytes += segment.sizeBytes;
    if (tail.entries > 0) {
      if (sum.firstSeq === noSeq) sum.firstSeq = firstSeq;
      sum.lastSeq = tail.lastSeq;
    }
    before = segment;
  }
  return { segments: firstSeqs.length, ...sum, torn };
}

interface Verified {
  readonly segment: Segment;
  readonly tail: Tail;
}

async function verifySegment(
  fileSystem: LogFileSystem,
  folder: string,
  expected: { readonly firstSeq: Seq; readonly clusterId: string | undefined },
): Promise<Verified> {
  const path = join(folder, segmentName(expected.firstSeq));
  const file = await fileSystem.open(path, 'read');
  try {
    const header = await readHeader(file, path, expected);
    const tail = await recoverTail(file, path, header);
    const { lastSeq, dataEnd, index } = tail;
    const segment = new Segment(folder, header, {
      lastSeq,
      dataEnd,
      index,
      sizeBytes: await file.size(),
    });
    return { segment, tail };
  } finally {
    await file.close();
  }
}

/** In a segment that others follow nothing can be torn, and its seal must tell the truth. */
async function checkClosed(
  fileSystem: LogFileSystem,
  folder: string,
  { segment, tail }: Verified,
): Promise<void> {
  if (tail.torn !== undefined) throw new LogCorrupt(segment.path, tail.validEnd, tail.torn);
  const { firstSeq, header } = segment;
  const { clusterId } = header;
  const sealed = await readClosedSegment(fileSystem, folder, { firstSeq, clusterId });
  if (sealed.lastSeq !== tail.lastSeq || sealed.dataEnd !== tail.dataEnd) {
    const reason = `the seal tells of ${nextSeq(sealed.lastSeq) - firstSeq} entries`;
    throw new LogCorrupt(segment.path, tail.dataEnd, `${reason}, there are ${tail.entries}`);
  }
}
