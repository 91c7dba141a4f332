import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LockstepError } from '../base/errors.ts';

/** A file of lines of JSON, each durable when its append resolves, and each whole or not there. */
export class DurableLines<Line> {
  readonly #path: string;
  /** For messages: "the queue of writes". */
  readonly #name: string;
  #writing: Promise<void> = Promise.resolve();
  /** Length of the file up to its last whole line; what is behind was never acknowledged. */
  #bytes = 0;

  constructor(options: { readonly path: string; readonly name: string }) {
    this.#path = options.path;
    this.#name = options.name;
  }

  async load(): Promise<Line[]> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return '';
    });
    // The last line may be torn by a crash: it was then never acknowledged.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    this.#bytes = Buffer.byteLength(whole);
    return whole
      .split('\n')
      .slice(0, -1)
      .map((line) => this.#parse(line));
  }

  append(line: Line): Promise<void> {
    return this.#inTurn(() => this.#write(Buffer.from(`${JSON.stringify(line)}\n`)));
  }

  /** Puts these lines in place of all, when they are asked for: the old ones or the new. */
  replace(lines: () => readonly Line[]): Promise<void> {
    return this.#inTurn(async () => {
      const bytes = Buffer.from(
        lines()
          .map((line) => `${JSON.stringify(line)}\n`)
          .join(''),
      );
      const file = await open(`${this.#path}.new`, 'w', 0o640);
      try {
        await file.writeFile(bytes);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(`${this.#path}.new`, this.#path);
      await syncFolder(dirname(this.#path));
      this.#bytes = bytes.length;
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const write = this.#writing.then(work);
    this.#writing = write.catch(() => {});
    return write;
  }

  /** Behind the last whole line: what a failed attempt has left there is written over. */
  async #write(bytes: Buffer): Promise<void> {
    try {
      const file = await open(this.#path, 'a', 0o640);
      try {
        await file.truncate(this.#bytes);
        await file.appendFile(bytes);
        await file.datasync();
      } finally {
        await file.close();
      }
      if (this.#bytes === 0) await syncFolder(dirname(this.#path));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `${this.#name} cannot be written: ${reason}.`;
      throw new LockstepError('log_unavailable', message, { cause });
    }
    this.#bytes += bytes.length;
  }

  #parse(line: string): Line {
    try {
      return JSON.parse(line) as Line;
    } catch (cause) {
      throw new LockstepError('log_corrupt', `${this.#path} is damaged: ${line.slice(0, 80)}`, {
        cause,
      });
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
