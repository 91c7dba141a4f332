import type { LogFile, LogFileSystem } from '../../src/log/log-file-system.ts';
import type { Process } from './process.ts';
import type { Occurrences } from './occurrences.ts';
import type { Random } from './random.ts';

/** The disk takes its time with what must reach it, so that other things happen meanwhile. */
export function slowedFileSystem(
  disk: LogFileSystem,
  process: Process,
  random: Random,
  occurrences: Occurrences,
): LogFileSystem {
  const wait = (): Promise<void> =>
    process.sleep(random.chance(0.05) ? random.between(5, 60) : random.between(0.1, 1.5));
  const counted = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      if (process.alive) occurrences.add('an fsync failed');
      throw error;
    });
  const slowed = (file: LogFile): LogFile => ({
    read: (target, position) => file.read(target, position),
    write: (source, position) => file.write(source, position),
    writeThrough: async (source, position) => {
      await wait();
      await counted(file.writeThrough(source, position));
    },
    truncate: (size) => file.truncate(size),
    syncData: async () => {
      await wait();
      await counted(file.syncData());
    },
    syncAll: async () => {
      await wait();
      await counted(file.syncAll());
    },
    size: () => file.size(),
    close: () => file.close(),
  });
  return {
    ...disk,
    open: async (path, mode) => slowed(await disk.open(path, mode)),
    syncFolder: async (folder) => {
      await wait();
      await disk.syncFolder(folder);
    },
  };
}
