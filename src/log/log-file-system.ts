/** An open file. Offsets and lengths are bytes. Errors carry the system's `code`. */
export interface LogFile {
  /** Fills `target` from `position` on; returns the bytes read, fewer only at the file's end. */
  read(target: Buffer, position: number): Promise<number>;
  /** Writes all of `source` at `position`, or rejects, having written any part of it. */
  write(source: Buffer, position: number): Promise<void>;
  /** As `write`; the data and what is needed to find it are on the disk when it resolves. */
  writeThrough(source: Buffer, position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Data and what is needed to find it are on the disk (fdatasync). */
  syncData(): Promise<void>;
  /** Everything, a shrunken size included, is on the disk (fsync). */
  syncAll(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** `create` makes an empty file or empties an existing one, for reading and writing. */
export type OpenMode = 'read' | 'read_write' | 'create';

export interface FolderLock {
  release(): Promise<void>;
}

/** All that the log asks of a disk, so that a simulation can own it. */
export interface LogFileSystem {
  /** Makes the folder and its parents durable; nothing happens if it exists. */
  makeFolder(folder: string): Promise<void>;
  list(folder: string): Promise<string[]>;
  open(path: string, mode: OpenMode): Promise<LogFile>;
  /** Replaces an existing target atomically. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Creations, renames and unlinks in the folder are on the disk. */
  syncFolder(folder: string): Promise<void>;
  /** What is free where the folder lies, for this process; undefined if that is not told. */
  freeBytes(folder: string): Promise<number | undefined>;
  /**
   * Takes the folder for this process alone. Rejects conflict while another holds it.
   * `onLost` is called if another process has taken it away.
   */
  lockFolder(folder: string, onLost: () => void): Promise<FolderLock>;
}
