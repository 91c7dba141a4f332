import { crc32c } from './crc32c.ts';
import { confirmed, unfinishedSuffix } from './create-whole.ts';
import type { LoadFile } from './load-file.ts';
import type { LogFile, LogFileSystem } from './log-file-system.ts';
import { LogUnavailable } from './log-unavailable.ts';

interface Options {
  readonly fileSystem: LogFileSystem;
  readonly folder: string;
  readonly id: string;
  /** What the file is called once it is whole. */
  readonly path: string;
  /** Called before `finish` resolves. */
  readonly onFinished: (file: LoadFile, path: string) => void;
}

/** A file that is being received. Ends with `finish` or `discard`. */
export class LoadFileWriter {
  readonly #options: Options;
  readonly #file: LogFile;
  #bytes = 0;
  #crc = 0;

  private constructor(options: Options, file: LogFile) {
    this.#options = options;
    this.#file = file;
  }

  /** Rejects log_unavailable, as all that it does. */
  static async create(options: Options): Promise<LoadFileWriter> {
    const { fileSystem, path } = options;
    const file = await stored(fileSystem.open(path + unfinishedSuffix, 'create'));
    return new LoadFileWriter(options, file);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Buffer): Promise<void> {
    await stored(this.#file.write(chunk, this.#bytes));
    this.#bytes += chunk.length;
    this.#crc = crc32c(chunk, 0, chunk.length, this.#crc);
  }

  /** It is whole, and durable. */
  async finish(): Promise<LoadFile> {
    const { fileSystem, folder, path, id, onFinished } = this.#options;
    await stored(confirmed(this.#file.syncData()));
    await this.#file.close();
    await stored(fileSystem.rename(path + unfinishedSuffix, path));
    await stored(confirmed(fileSystem.syncFolder(folder)));
    const file = { id, bytes: this.#bytes, crc: this.#crc };
    onFinished(file, path);
    return file;
  }

  /** Nobody wants it any more. */
  async discard(): Promise<void> {
    await this.#file.close();
    await this.#options.fileSystem.unlink(this.#options.path + unfinishedSuffix);
  }
}

/** No entry depends on the file yet, so a disk that fails costs this statement only. */
async function stored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LogUnavailable('not_written', `the file of LOAD DATA: ${reason}`, { cause });
  }
}
