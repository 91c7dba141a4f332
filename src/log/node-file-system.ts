import * as fs from 'node:fs';
import * as fsp from 'node:fs/promises';
import { dirname } from 'node:path';
import { assert } from '../base/assert.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { lockFolder } from './folder-lock.ts';
import type { LogFile, LogFileSystem, OpenMode } from './log-file-system.ts';

const flags: Readonly<Record<OpenMode, string>> = { read: 'r', read_write: 'r+', create: 'w+' };

/** Not every system has O_DSYNC, which leaves out what is not needed to find the data. */
const throughFlags = fs.constants.O_WRONLY | (fs.constants.O_DSYNC ?? fs.constants.O_SYNC);

/** The real disk. Callbacks instead of FileHandle: half the cost a call on the commit path. */
class NodeFile implements LogFile {
  readonly #descriptor: number;
  /** Of the same file: each write waits for the disk. One call where write and sync are two. */
  readonly #through: number | undefined;

  constructor(descriptor: number, through: number | undefined) {
    this.#descriptor = descriptor;
    this.#through = through;
  }

  async read(target: Buffer, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const got = await new Promise<number>((resolve, reject) => {
        const length = target.length - done;
        fs.read(this.#descriptor, target, done, length, position + done, (error, bytes) =>
          error ? reject(error) : resolve(bytes),
        );
      });
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  write(source: Buffer, position: number): Promise<void> {
    return writeAll(this.#descriptor, source, position);
  }

  async writeThrough(source: Buffer, position: number): Promise<void> {
    assert(this.#through !== undefined, 'the file was opened to be written');
    await writeAll(this.#through, source, position);
  }

  truncate(size: number): Promise<void> {
    return settle((done) => fs.ftruncate(this.#descriptor, size, done));
  }

  syncData(): Promise<void> {
    return settle((done) => fs.fdatasync(this.#descriptor, done));
  }

  syncAll(): Promise<void> {
    return settle((done) => fs.fsync(this.#descriptor, done));
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#descriptor, (error, stats) => (error ? reject(error) : resolve(stats.size)));
    });
  }

  async close(): Promise<void> {
    const through = this.#through;
    if (through !== undefined) await settle((done) => fs.close(through, done));
    await settle((done) => fs.close(this.#descriptor, done));
  }
}

async function writeAll(descriptor: number, source: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < source.length) {
    // A disk that is nearly full takes a part and fails the next call with ENOSPC.
    done += await new Promise<number>((resolve, reject) => {
      const length = source.length - done;
      fs.write(descriptor, source, done, length, position + done, (error, bytes) =>
        error ? reject(error) : resolve(bytes),
      );
    });
  }
}

function settle(run: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => (error ? reject(error) : resolve()));
  });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fsp.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeFolder(folder: string): Promise<void> {
  const firstMade = await fsp.mkdir(folder, { recursive: true });
  if (firstMade === undefined) return;
  const top = dirname(firstMade);
  for (let made = dirname(folder); made.length >= top.length; made = dirname(made)) {
    await syncFolder(made);
    if (made === dirname(made)) break;
  }
}

async function openFile(path: string, mode: OpenMode): Promise<LogFile> {
  const descriptor = await openDescriptor(path, flags[mode]);
  if (mode === 'read') return new NodeFile(descriptor, undefined);
  try {
    return new NodeFile(descriptor, await openDescriptor(path, throughFlags));
  } catch (error) {
    await settle((done) => fs.close(descriptor, done));
    throw error;
  }
}

function openDescriptor(path: string, how: string | number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, how, 0o640, (error, descriptor) => (error ? reject(error) : resolve(descriptor)));
  });
}

async function freeBytes(folder: string): Promise<number | undefined> {
  // Not every file system tells; nothing depends on it.
  const found = await fsp.statfs(folder).catch(() => undefined);
  return found && found.bavail * found.bsize;
}

/** The machine's own file system; `clock` paces the sign of life in the lock file. */
export function nodeFileSystem(clock: Clock = systemClock): LogFileSystem {
  return {
    makeFolder,
    list: (folder) => fsp.readdir(folder),
    open: openFile,
    rename: (from, to) => fsp.rename(from, to),
    unlink: (path) => fsp.unlink(path),
    syncFolder,
    freeBytes,
    lockFolder: (folder, onLost) => lockFolder(folder, { clock, onLost }),
  };
}
