import { basename, dirname } from 'node:path';
import type { FolderLock, LogFile, LogFileSystem, OpenMode } from '../log-file-system.ts';

const sectorBytes = 512;

/** What a step of the disk may be told to do instead of its work. */
export type Fault =
  /** The machine loses power: this and every later step of this life rejects. */
  | 'power_loss'
  /** A write takes some of its bytes and then fails with ENOSPC. */
  | 'no_space'
  /** A write takes some of its bytes, another step none of its work, and fails with EIO. */
  | 'io_error';

export type DiskStep =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync_data'
  | 'sync_all'
  | 'rename'
  | 'unlink'
  | 'sync_folder';

interface SimulatedFile {
  /** What programs see. */
  cached: Buffer;
  /** What survives a loss of power. */
  durable: Buffer;
  /** Sectors that differ, or may. */
  readonly dirty: Set<number>;
}

/** `random` gives numbers in [0, 1). `decide` is asked at every step. */
export interface SimulatedDiskOptions {
  readonly random: () => number;
  readonly decide: (step: DiskStep, path: string) => Fault | undefined;
}

/**
 * A disk in memory that does everything a disk may do to a log: keeps writes in its cache,
 * writes sectors back in any order or not at all, forgets names that were not synced, marks
 * sectors clean when an fsync fails, runs full. All from the randomness it is given.
 */
export class SimulatedDisk {
  readonly #options: SimulatedDiskOptions;
  #files = new Map<string, SimulatedFile>();
  #durableNames = new Map<string, SimulatedFile>();
  /** Grows with each life: handles of an earlier one are dead. */
  #life = 0;
  #isDown = false;
  #locked: object | undefined;
  steps = 0;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
  }

  /** Power is lost (if it is not already) and comes back; unsynced state survives or not. */
  losePower(): void {
    for (const file of new Set([...this.#durableNames.values(), ...this.#files.values()])) {
      this.#writeBackSome(file);
    }
    // Names reach the disk in the order of a journal; here each of them may or may not.
    for (const path of new Set([...this.#files.keys(), ...this.#durableNames.keys()])) {
      if (this.#options.random() < 0.5) this.#persistName(path);
    }
    this.#files = new Map(this.#durableNames);
    for (const file of this.#files.values()) {
      file.cached = Buffer.from(file.durable);
      file.dirty.clear();
    }
    this.killProcess();
  }

  /** The process dies; what the system has in its cache stays. */
  killProcess(): void {
    this.#life++;
    this.#isDown = false;
    this.#locked = undefined;
  }

  /** The bytes that a program would see; for looking and for doing damage. */
  contentOf(path: string): Buffer {
    return this.#get(path).cached;
  }

  /** Damage: replaces the content, on the disk too. */
  overwrite(path: string, content: Buffer): void {
    const file = this.#get(path);
    file.cached = Buffer.from(content);
    file.durable = Buffer.from(content);
    file.dirty.clear();
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  #get(path: string): SimulatedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT', path);
    return file;
  }

  #persistName(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) this.#durableNames.delete(path);
    else this.#durableNames.set(path, file);
  }

  /** Some sectors, in no order, and some of a change in size reach the disk. */
  #writeBackSome(file: SimulatedFile): void {
    const { random } = this.#options;
    if (random() < 0.2) return;
    const before = file.durable.length;
    const now = file.cached.length;
    const share = random();
    let size = before;
    if (share < 0.4) size = now;
    // A size in between is one that the file had between two sectors of one write.
    else if (share < 0.8) size = Math.max(before, toSector(before + random() * (now - before)));
    const survival = random();
    const content = Buffer.alloc(size);
    file.durable.copy(content, 0, 0, Math.min(size, before));
    for (const sector of file.dirty) {
      if (random() < survival) copySector(file.cached, content, sector);
    }
    file.durable = content;
  }

  #persist(file: SimulatedFile): void {
    const content = Buffer.alloc(file.cached.length);
    file.durable.copy(content, 0, 0, Math.min(content.length, file.durable.length));
    for (const sector of file.dirty) copySector(file.cached, content, sector);
    file.durable = content;
    file.dirty.clear();
  }

  /** Counts the step and does what `decide` wants; the caller does the step's work after it. */
  #step(step: DiskStep, path: string, life: number): Fault | undefined {
    if (life !== this.#life || this.#isDown) throw systemError('EIO', 'the power is off');
    this.steps++;
    const fault = this.#options.decide(step, path);
    if (fault === 'power_loss') {
      this.#isDown = true;
      throw systemError('EIO', 'the power is off');
    }
    return fault;
  }

  fileSystem(): LogFileSystem {
    const life = this.#life;
    return {
      makeFolder: async () => undefined,
      list: async (folder) => {
        this.#step('read', folder, life);
        return this.paths()
          .filter((path) => dirname(path) === folder)
          .map((path) => basename(path));
      },
      open: async (path, mode) => this.#open(path, mode, life),
      rename: async (from, to) => {
        this.#simpleStep('rename', to, life);
        this.#files.set(to, this.#get(from));
        this.#files.delete(from);
      },
      unlink: async (path) => {
        this.#simpleStep('unlink', path, life);
        this.#get(path);
        this.#files.delete(path);
      },
      syncFolder: async (folder) => {
        this.#simpleStep('sync_folder', folder, life);
        const all = new Set([...this.#files.keys(), ...this.#durableNames.keys()]);
        for (const path of all) if (dirname(path) === folder) this.#persistName(path);
      },
      freeBytes: async () => undefined,
      lockFolder: async (folder) => this.#lock(folder, life),
    };
  }

  #simpleStep(step: DiskStep, path: string, life: number): void {
    if (this.#step(step, path, life) !== undefined) throw systemError('EIO', path);
  }

  #lock(folder: string, life: number): FolderLock {
    if (life !== this.#life || this.#locked !== undefined) throw systemError('EBUSY', folder);
    const mine = {};
    this.#locked = mine;
    return {
      release: async () => {
        if (this.#locked === mine) this.#locked = undefined;
      },
    };
  }

  #open(path: string, mode: OpenMode, life: number): LogFile {
    this.#simpleStep('open', path, life);
    if (mode === 'create') {
      this.#files.set(path, {
        cached: Buffer.alloc(0),
        durable: Buffer.alloc(0),
        dirty: new Set(),
      });
    }
    const file = this.#get(path);
    return {
      read: async (target, position) => {
        this.#simpleStep('read', path, life);
        return file.cached.copy(target, 0, position);
      },
      write: async (source, position) => this.#write({ file, path, life }, source, position),
      writeThrough: async (source, position) => {
        this.#write({ file, path, life }, source, position);
        this.#sync('sync_data', { file, path, life });
      },
      truncate: async (size) => {
        this.#simpleStep('truncate', path, life);
        markDirty(file, size, file.cached.length);
        const content = Buffer.alloc(size);
        file.cached.copy(content);
        file.cached = content;
      },
      syncData: async () => this.#sync('sync_data', { file, path, life }),
      syncAll: async () => this.#sync('sync_all', { file, path, life }),
      size: async () => file.cached.length,
      close: async () => undefined,
    };
  }

  #write(at: { file: SimulatedFile; path: string; life: number }, all: Buffer, position: number) {
    const { file, path, life } = at;
    const fault = this.#step('write', path, life);
    const taken =
      fault === undefined ? all.length : Math.floor(this.#options.random() * all.length);
    const source = all.subarray(0, taken);
    const end = position + taken;
    if (taken > 0 && end > file.cached.length) {
      const content = Buffer.alloc(end);
      file.cached.copy(content);
      file.cached = content;
    }
    source.copy(file.cached, position);
    markDirty(file, position, end);
    if (fault !== undefined) throw systemError(fault === 'no_space' ? 'ENOSPC' : 'EIO', path);
    // The system writes back when it likes.
    if (this.#options.random() < 0.1) this.#writeBackSome(file);
  }

  /** A failed fsync loses some of the sectors and forgets that it did. */
  #sync(step: DiskStep, at: { file: SimulatedFile; path: string; life: number }): void {
    const fault = this.#step(step, at.path, at.life);
    if (fault === undefined) {
      this.#persist(at.file);
      return;
    }
    this.#writeBackSome(at.file);
    at.file.dirty.clear();
    throw systemError('EIO', at.path);
  }
}

function toSector(size: number): number {
  return Math.floor(size / sectorBytes) * sectorBytes;
}

function markDirty(file: SimulatedFile, start: number, end: number): void {
  for (let sector = Math.floor(start / sectorBytes); sector * sectorBytes < end; sector++) {
    file.dirty.add(sector);
  }
}

function copySector(from: Buffer, to: Buffer, sector: number): void {
  const start = sector * sectorBytes;
  const end = Math.min(start + sectorBytes, to.length);
  if (start >= end || start >= from.length) return;
  to.fill(0, start, end);
  from.copy(to, start, start, Math.min(end, from.length));
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
