import type { LogFile, LogFileSystem } from './log-file-system.ts';

interface OpenFile {
  readonly file: Promise<LogFile>;
  users: number;
  /** Close when the last user is done. */
  forgotten: boolean;
}

/** A bounded number of files kept open for reading; the longest unused is closed first. */
export class OpenFiles {
  readonly #fileSystem: LogFileSystem;
  readonly #countMax: number;
  /** In order of last use. */
  readonly #open = new Map<string, OpenFile>();

  constructor(fileSystem: LogFileSystem, options: { readonly countMax: number }) {
    this.#fileSystem = fileSystem;
    this.#countMax = options.countMax;
  }

  async use<T>(path: string, run: (file: LogFile) => Promise<T>): Promise<T> {
    let entry = this.#open.get(path);
    entry ??= { file: this.#fileSystem.open(path, 'read'), users: 0, forgotten: false };
    this.#open.delete(path);
    this.#open.set(path, entry);
    entry.users++;
    try {
      return await run(await entry.file);
    } finally {
      entry.users--;
      if (await failed(entry.file)) this.#drop(path, entry);
      this.#settle(entry);
      this.#evict();
    }
  }

  /** Closes the file as soon as nobody reads it. */
  forget(path: string): void {
    const entry = this.#open.get(path);
    if (entry === undefined) return;
    this.#drop(path, entry);
    this.#settle(entry);
  }

  close(): void {
    for (const path of [...this.#open.keys()]) this.forget(path);
  }

  #drop(path: string, entry: OpenFile): void {
    entry.forgotten = true;
    if (this.#open.get(path) === entry) this.#open.delete(path);
  }

  #settle(entry: OpenFile): void {
    if (!entry.forgotten || entry.users > 0) return;
    entry.users = Number.NaN;
    entry.file.then((file) => file.close()).catch(() => undefined);
  }

  #evict(): void {
    for (const [path, entry] of this.#open) {
      if (this.#open.size <= this.#countMax) return;
      if (entry.users === 0) this.forget(path);
    }
  }
}

async function failed(file: Promise<LogFile>): Promise<boolean> {
  return file.then(
    () => false,
    () => true,
  );
}
