import { join } from 'node:path';
import type { LogFile, LogFileSystem } from './log-file-system.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';
import { segmentName } from './segment-name.ts';

/** The disk did not confirm: what the system shows of the file may not be what is on the disk. */
export class SyncFailed extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'SyncFailed';
  }
}

/** Names with this ending are left-overs of a crash and are removed when the log is opened. */
export const unfinishedSuffix = '.tmp';

/**
 * Writes `content` under another name and renames it when it is on the disk, so that a file
 * of this name is always whole. Resolves to the open file.
 */
export async function createWhole(
  fileSystem: LogFileSystem,
  place: { readonly folder: string; readonly name: string },
  content: Buffer,
): Promise<LogFile> {
  const path = join(place.folder, place.name);
  const unfinished = path + unfinishedSuffix;
  const file = await fileSystem.open(unfinished, 'create');
  try {
    await file.write(content, 0);
    await confirmed(file.syncAll());
    await fileSystem.rename(unfinished, path);
    await confirmed(fileSystem.syncFolder(place.folder));
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** Creates an empty segment; the header is durable before the file has its name. */
export function createSegment(
  fileSystem: LogFileSystem,
  folder: string,
  header: SegmentHeader,
): Promise<LogFile> {
  const place = { folder, name: segmentName(header.firstSeq) };
  return createWhole(fileSystem, place, encodeSegmentHeader(header));
}

export async function confirmed(sync: Promise<void>): Promise<void> {
  try {
    await sync;
  } catch (error) {
    throw new SyncFailed(error);
  }
}
