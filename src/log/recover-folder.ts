import { join } from 'node:path';
import { nextSeq, type Seq, seq as toSeq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import { ActiveSegment } from './active-segment.ts';
import { clusterFileName, readClusterFile, writeClusterFile } from './cluster-file.ts';
import type { LogRecord } from './command-log.ts';
import { createSegment, unfinishedSuffix } from './create-whole.ts';
import { checkChain, readClosedSegment, readHeader, segmentsAmong } from './list-segments.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFile, LogFileSystem } from './log-file-system.ts';
import { recoverTail, type Tail } from './recover-tail.ts';
import { Segment } from './segment.ts';
import { formatVersion, type SegmentHeader } from './segment-header.ts';
import { segmentName } from './segment-name.ts';

export interface RecoverOptions {
  readonly fileSystem: LogFileSystem;
  readonly folder: string;
  /** The cluster that the folder must belong to, if the caller knows. */
  readonly clusterId: string | undefined;
  /** The id of a cluster that begins now. */
  readonly newClusterId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly randomU32: () => number;
  readonly onWarning: (message: string) => void;
}

export interface Recovered {
  readonly clusterId: string;
  /** All of them, ascending; the last one is the active one's. */
  readonly segments: Segment[];
  readonly active: ActiveSegment;
  readonly trailingIntent: LogRecord | undefined;
}

/** Brings a log folder, new or left by a crash, to the state in which it can be appended to. */
export async function recoverFolder(options: RecoverOptions): Promise<Recovered> {
  const { fileSystem, folder } = options;
  const names = await fileSystem.list(folder);
  for (const name of names.filter((found) => found.endsWith(unfinishedSuffix))) {
    await fileSystem.unlink(join(folder, name));
  }
  const firstSeqs = segmentsAmong(names);
  const known = names.includes(clusterFileName)
    ? (await readClusterFile(fileSystem, folder)).clusterId
    : undefined;
  if (known !== undefined && options.clusterId !== undefined && known !== options.clusterId) {
    throw new LockstepError(
      'config_invalid',
      `The log folder ${folder} belongs to cluster ${known}, not to ${options.clusterId}.`,
    );
  }
  const lastFirst = firstSeqs.pop();
  if (lastFirst === undefined) {
    if (known !== undefined) {
      throw new LogCorrupt(join(folder, segmentName(toSeq(1))), 0, 'every segment is missing');
    }
    return beginLog(options);
  }
  const segments: Segment[] = [];
  for (const firstSeq of firstSeqs) {
    checkChain(segments.at(-1), firstSeq, folder);
    segments.push(await readClosedSegment(fileSystem, folder, { firstSeq, clusterId: known }));
  }
  checkChain(segments.at(-1), lastFirst, folder);
  const last = await openLast(options, lastFirst, known);
  segments.push(last.active.segment);
  const { clusterId } = last.active.segment.header;
  if (known === undefined) await restoreClusterFile(options, segments);
  if (last.tail.sealed) {
    const firstSeq = nextSeq(last.tail.lastSeq);
    const header = { version: formatVersion, firstSeq, clusterId, salt: options.randomU32() };
    const active = await successor(options, last, header);
    segments.push(active.segment);
    return { clusterId, segments, active, trailingIntent: undefined };
  }
  return { clusterId, segments, active: last.active, trailingIntent: last.tail.trailingIntent };
}

/** The segment comes first: a cluster file without segments then means that they were lost. */
async function beginLog(options: RecoverOptions): Promise<Recovered> {
  const { fileSystem, folder, createdAt } = options;
  const clusterId = options.clusterId ?? options.newClusterId;
  const salt = options.randomU32();
  const header = { version: formatVersion, firstSeq: toSeq(1), clusterId, salt };
  const file = await createSegment(fileSystem, folder, header);
  await writeClusterFile(fileSystem, folder, { clusterId, createdAt });
  const segment = Segment.empty(folder, header);
  const active = new ActiveSegment({ fileSystem, folder }, segment, file);
  return { clusterId, segments: [segment], active, trailingIntent: undefined };
}

/** The log's very first opening was interrupted, or the file was lost: the headers know. */
async function restoreClusterFile(
  options: RecoverOptions,
  segments: readonly Segment[],
): Promise<void> {
  const { fileSystem, folder, createdAt } = options;
  const { clusterId } = segments.at(-1)!.header;
  for (const { header, path } of segments) {
    if (header.clusterId === (options.clusterId ?? clusterId)) continue;
    throw new LogCorrupt(path, 0, `it belongs to cluster ${header.clusterId}`);
  }
  if (segments.some((segment) => segment.hasEntries)) {
    options.onWarning(`${join(folder, clusterFileName)} was missing; it was made anew.`);
  }
  await writeClusterFile(fileSystem, folder, { clusterId, createdAt });
}

interface Last {
  readonly active: ActiveSegment;
  readonly tail: Tail;
  readonly file: LogFile;
}

async function openLast(
  options: RecoverOptions,
  firstSeq: Seq,
  clusterId: string | undefined,
): Promise<Last> {
  const { fileSystem, folder } = options;
  const path = join(folder, segmentName(firstSeq));
  const file = await fileSystem.open(path, 'read_write');
  try {
    const header = await readHeader(file, path, { firstSeq, clusterId });
    const tail = await recoverTail(file, path, header);
    if (tail.torn !== undefined) {
      const cut = (await file.size()) - tail.validEnd;
      await file.truncate(tail.validEnd);
      options.onWarning(
        `${path}, offset ${tail.validEnd}: ${tail.torn}; the last write was interrupted, ` +
          `${cut} bytes that were never acknowledged were cut off.`,
      );
    }
    await makeDurable(file, tail);
    await fileSystem.syncFolder(folder);
    const { lastSeq, dataEnd, index } = tail;
    const content = { lastSeq, dataEnd, index, sizeBytes: tail.validEnd };
    const segment = new Segment(folder, header, content);
    return { active: new ActiveSegment({ fileSystem, folder }, segment, file), tail, file };
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

const rewriteChunkBytes = 4 * 1024 * 1024;

/**
 * What was read may be in the page cache only: written by a process that was killed before
 * its fsync, or marked clean by an fsync that failed. So the last batch is written once more,
 * the same bytes to the same place (harmless if interrupted), and synced.
 */
async function makeDurable(file: LogFile, tail: Tail): Promise<void> {
  for (let at = tail.lastBatchStart; at < tail.validEnd; at += rewriteChunkBytes) {
    const bytes = Buffer.allocUnsafeSlow(Math.min(rewriteChunkBytes, tail.validEnd - at));
    await file.read(bytes, at);
    await file.write(bytes, at);
  }
  await file.syncAll();
}

/** A crash came between the seal of the last segment and the next segment. */
async function successor(
  options: RecoverOptions,
  last: Last,
  header: SegmentHeader,
): Promise<ActiveSegment> {
  const { fileSystem, folder } = options;
  await last.active.close();
  const file = await createSegment(fileSystem, folder, header);
  return new ActiveSegment({ fileSystem, folder }, Segment.empty(folder, header), file);
}
