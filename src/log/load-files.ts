import { join } from 'node:path';
import { assert } from '../base/assert.ts';
import { type Seq, seq as toSeq } from '../base/brands.ts';
import { crc32c } from './crc32c.ts';
import { unfinishedSuffix } from './create-whole.ts';
import { LoadFileWriter } from './load-file-writer.ts';
import type { LoadFile } from './load-file.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFile, LogFileSystem } from './log-file-system.ts';

/** In the folder of the log; made when the first file comes. */
export const filesFolderName = 'files';

/** Of a file that this entry, or an earlier one, names. */
export const loadFileName = (id: string, seq: Seq): string =>
  `${String(seq).padStart(20, '0')}-${id}.load`;

const readBytes = 64 * 1024;

interface Place {
  path: string;
  readonly bytes: number;
  /** Of the entry that names the file; undefined as long as none does. */
  seq?: Seq;
}

export interface LoadFilesOptions {
  readonly fileSystem: LogFileSystem;
  /** The log's. */
  readonly folder: string;
  readonly newId: () => string;
}

/**
 * What clients sent for LOAD DATA LOCAL, one file each, beside the segments: an entry names its
 * file, so that it need not hold it. A file is durable before its entry is appended, and goes
 * when its entry is cut.
 *
 *   <id>.load.tmp          is being received; of no use after a crash
 *   <id>.load              received; no entry names it yet, or one that a crash did not let say so
 *   <seq>-<id>.load        named by this entry, or an earlier one
 */
export class LoadFiles {
  readonly #options: LoadFilesOptions;
  readonly #folder: string;
  readonly #places = new Map<string, Place>();
  /** Renames that are under way, one after the other. */
  #placing: Promise<void> = Promise.resolve();
  #folderMade = false;

  private constructor(options: LoadFilesOptions) {
    this.#options = options;
    this.#folder = join(options.folder, filesFolderName);
  }

  /** Looks what is there. What no entry is known to name stays as long as the last one of now. */
  static async open(options: LoadFilesOptions & { readonly lastSeq: Seq }): Promise<LoadFiles> {
    const files = new LoadFiles(options);
    const { fileSystem, folder } = options;
    if (!(await fileSystem.list(folder)).includes(filesFolderName)) return files;
    files.#folderMade = true;
    for (const name of await fileSystem.list(files.#folder)) {
      await files.#find(name, options.lastSeq);
    }
    await files.#placing;
    return files;
  }

  async #find(name: string, lastSeq: Seq): Promise<void> {
    const { fileSystem } = this.#options;
    const path = join(this.#folder, name);
    if (name.endsWith(unfinishedSuffix)) return fileSystem.unlink(path);
    const parts = /^(?:(\d{20})-)?([\w-]+)\.load$/.exec(name);
    if (!parts?.[2]) return;
    const file = await fileSystem.open(path, 'read');
    const bytes = await file.size();
    await file.close();
    const place: Place = { path, bytes };
    this.#places.set(parts[2], place);
    if (parts[1] === undefined) this.#place(parts[2], place, lastSeq);
    else place.seq = toSeq(Number(parts[1]));
  }

  /** Bytes of the files that entries name, of those between these two or of all. */
  bytes(first = 0, last = Infinity): number {
    let sum = 0;
    for (const { seq, bytes } of this.#places.values()) {
      if (seq !== undefined && seq >= first && seq <= last) sum += bytes;
    }
    return sum;
  }

  /** Begins a file, which is there until `release` unless an entry is appended that names it. */
  async begin(): Promise<LoadFileWriter> {
    const { fileSystem, newId } = this.#options;
    if (!this.#folderMade) await fileSystem.makeFolder(this.#folder);
    this.#folderMade = true;
    const id = newId();
    return LoadFileWriter.create({
      fileSystem,
      folder: this.#folder,
      id,
      path: join(this.#folder, `${id}.load`),
      onFinished: ({ bytes }, path) => this.#places.set(id, { path, bytes }),
    });
  }

  /** An entry of this seq, which names the file, is being appended. */
  keep({ id }: LoadFile, seq: Seq): void {
    const place = this.#places.get(id);
    assert(place, 'a file is received before an entry names it');
    if (place.seq === undefined) this.#place(id, place, seq);
  }

  /** The name tells after a restart how long the file is needed: it need not be durable. */
  #place(id: string, place: Place, seq: Seq): void {
    place.seq = seq;
    const path = join(this.#folder, loadFileName(id, seq));
    const rename = async (): Promise<void> => {
      await this.#options.fileSystem.rename(place.path, path);
      place.path = path;
    };
    this.#placing = this.#placing.then(rename).catch(() => undefined);
  }

  /** Nobody needs it any more, unless an entry names it. */
  async release({ id }: LoadFile): Promise<void> {
    const place = this.#places.get(id);
    if (!place || place.seq !== undefined) return;
    this.#places.delete(id);
    await this.#options.fileSystem.unlink(place.path);
  }

  /** The bytes in order. Rejects log_corrupt where they are not what was received. */
  async *read({ id, bytes, crc }: LoadFile): AsyncGenerator<Buffer, void, undefined> {
    await this.#placing;
    const path = this.#places.get(id)?.path ?? join(this.#folder, `${id}.load`);
    const file = await this.#open(path);
    try {
      let at = 0;
      let found = 0;
      for (;;) {
        const chunk = Buffer.allocUnsafe(readBytes);
        const got = await file.read(chunk, at);
        if (got === 0) break;
        found = crc32c(chunk, 0, got, found);
        at += got;
        // The last piece is handed on only when all is known to be right.
        if (at > bytes || (at === bytes && found !== crc)) break;
        yield chunk.subarray(0, got);
      }
      if (at !== bytes || found !== crc) throw new LogCorrupt(path, at, 'it is not as received');
    } finally {
      await file.close();
    }
  }

  async #open(path: string): Promise<LogFile> {
    try {
      return await this.#options.fileSystem.open(path, 'read');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LogCorrupt(path, 0, `the file of an entry cannot be read: ${reason}`);
    }
  }

  /** The entries before this one are cut. */
  async truncateBefore(seq: Seq): Promise<void> {
    if (this.#places.size === 0) return;
    await this.#placing;
    for (const [id, place] of this.#places) {
      if (place.seq === undefined || place.seq >= seq) continue;
      this.#places.delete(id);
      await this.#options.fileSystem.unlink(place.path);
    }
  }

  async close(): Promise<void> {
    await this.#placing;
    for (const [id, { bytes, seq }] of this.#places) {
      if (seq === undefined) await this.release({ id, bytes, crc: 0 });
    }
  }
}
