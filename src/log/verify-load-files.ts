import { join } from 'node:path';
import type { Seq } from '../base/brands.ts';
import { crc32c } from './crc32c.ts';
import { unfinishedSuffix } from './create-whole.ts';
import type { LoadFile } from './load-file.ts';
import { filesFolderName, loadFileName } from './load-files.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFileSystem } from './log-file-system.ts';

/** A file that an entry of the log loads. */
export interface NamedFile extends LoadFile {
  readonly seq: Seq;
}

/** A file that lies there and that no entry names. */
export interface UnnamedFile {
  readonly file: string;
  readonly sizeBytes: number;
}

export interface FilesReport {
  readonly files: number;
  readonly sizeBytes: number;
  readonly unnamed: readonly UnnamedFile[];
}

interface Options {
  readonly fileSystem: LogFileSystem;
  /** The log's. */
  readonly folder: string;
  /** By its id, each once. */
  readonly named: ReadonlyMap<string, NamedFile>;
  /** The log is in use; the files of entries before this one may go meanwhile. */
  readonly neededFrom: (() => Seq) | undefined;
  readonly onProblem: (error: unknown, path: string) => void;
}

const readBytes = 256 * 1024;

/**
 * Compares the files beside the log with what its entries say of them. One that no entry names is
 * no damage: a crash leaves it, and it goes with the entries of its time. While the log is in use
 * those are not told, for their entry may be about to be written.
 */
export async function verifyLoadFiles(options: Options): Promise<FilesReport> {
  const { fileSystem, named, neededFrom, onProblem } = options;
  const folder = join(options.folder, filesFolderName);
  const found = await listFiles(fileSystem, options.folder);
  const unnamed: UnnamedFile[] = [];
  let sizeBytes = 0;
  for (const file of named.values()) {
    const ownName = join(folder, loadFileName(file.id, file.seq));
    const name = found.get(file.id);
    const path = name === undefined ? ownName : join(folder, name);
    try {
      await compare(fileSystem, path, file).catch((error: unknown) => {
        // It has just been given its name.
        if (path === ownName || !isMissing(error)) throw error;
        return compare(fileSystem, ownName, file);
      });
      sizeBytes += file.bytes;
    } catch (error) {
      if (neededFrom === undefined || file.seq >= neededFrom()) onProblem(error, path);
    }
  }
  for (const [id, name] of neededFrom ? [] : found) {
    if (!named.has(id)) unnamed.push(await unnamedFile(fileSystem, join(folder, name)));
  }
  return { files: named.size, sizeBytes, unnamed };
}

/** Names by id; what is neither whole nor beginning to be is not ours. */
async function listFiles(
  fileSystem: LogFileSystem,
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (!(await fileSystem.list(folder)).includes(filesFolderName)) return found;
  for (const name of await fileSystem.list(join(folder, filesFolderName))) {
    const whole = name.endsWith(unfinishedSuffix) ? name.slice(0, -unfinishedSuffix.length) : name;
    const id = /^(?:\d{20}-)?([\w-]+)\.load$/.exec(whole)?.[1];
    if (id !== undefined) found.set(id, name);
  }
  return found;
}

async function compare(fileSystem: LogFileSystem, path: string, named: NamedFile): Promise<void> {
  const file = await fileSystem.open(path, 'read');
  try {
    const size = await file.size();
    if (size !== named.bytes) {
      const reason = `it has ${size} bytes, entry ${named.seq} loads ${named.bytes}`;
      throw new LogCorrupt(path, Math.min(size, named.bytes), reason);
    }
    const chunk = Buffer.allocUnsafe(readBytes);
    let crc = 0;
    for (let at = 0; at < size; ) {
      const got = await file.read(chunk, at);
      if (got === 0) break;
      crc = crc32c(chunk, 0, got, crc);
      at += got;
    }
    if (crc !== named.crc) {
      throw new LogCorrupt(path, 0, `it is not what entry ${named.seq} loads: wrong checksum`);
    }
  } finally {
    await file.close();
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

async function unnamedFile(fileSystem: LogFileSystem, path: string): Promise<UnnamedFile> {
  const file = await fileSystem.open(path, 'read');
  const sizeBytes = await file.size();
  await file.close();
  return { file: path, sizeBytes };
}
