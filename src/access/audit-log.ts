import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isoTime } from '../base/clock.ts';
import { linesBackwards } from './lines-backwards.ts';

/** What somebody did over HTTP, and what came of it. */
export interface AuditRecord {
  /** From 1, one more each. */
  readonly id: number;
  /** When it ended. */
  readonly at: string;
  /** The account; `local` when none is configured. */
  readonly by: string;
  readonly from: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** What it was given, without secrets, as JSON; cut when it is long. */
  readonly input?: string;
  readonly sqlUser?: string;
  /** The statement; cut when it is long. */
  readonly sql?: string;
  readonly status: number;
  /** Of an error. */
  readonly code?: string;
  /** Of a write: its place in the log. */
  readonly seq?: number;
  readonly durationMs: number;
}

export interface AuditPage {
  /** The latest first. */
  readonly records: readonly AuditRecord[];
  /** For `before`, to read on; absent at the end. */
  readonly next?: number;
}

interface AuditLogOptions {
  readonly folder: string;
  readonly bytesMax: () => number;
  readonly clock: Clock;
  /** Told once each time that it begins to fail: what is done then is not written down. */
  readonly onFault: (error: unknown) => void;
}

const files = ['audit.ndjson', 'audit.1.ndjson', 'audit.2.ndjson', 'audit.3.ndjson'] as const;
const current = files[0];

/**
 * The audit log: a line a record in the folder of the log, in files that make way for later ones,
 * the oldest dropped. Appending never fails what it is about.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  #lastId = 0;
  #bytes = 0;
  #failed = false;
  /** The file may end within a line. */
  #torn = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** Reads where an earlier run has ended. */
  async open(): Promise<void> {
    const size = await stat(this.#path(current)).catch(() => undefined);
    this.#bytes = size?.size ?? 0;
    this.#torn = this.#bytes > 0;
    for await (const latest of this.#records()) {
      this.#lastId = latest.id;
      return;
    }
  }

  append(record: Omit<AuditRecord, 'id' | 'at'>): Promise<void> {
    this.#lastId += 1;
    const { clock } = this.#options;
    const whole: AuditRecord = { id: this.#lastId, at: isoTime(clock.wallMs()), ...record };
    const line = Buffer.from(`${JSON.stringify(whole)}\n`);
    this.#writing = this.#writing.then(() => this.#write(line));
    return this.#writing;
  }

  async page({ before = Infinity, limit }: { before?: number; limit: number }): Promise<AuditPage> {
    await this.#writing;
    const records: AuditRecord[] = [];
    for await (const record of this.#records()) {
      if (record.id >= before) continue;
      if (records.length === limit) return { records, next: records.at(-1)?.id ?? 1 };
      records.push(record);
    }
    return { records };
  }

  /** Resolves when all is written. */
  close(): Promise<void> {
    return this.#writing;
  }

  async #write(line: Buffer): Promise<void> {
    try {
      const fileBytesMax = this.#options.bytesMax() / files.length;
      if (this.#bytes > 0 && this.#bytes + line.length > fileBytesMax) await this.#rotate();
      const file = await open(this.#path(current), 'a', 0o600);
      try {
        // What a crash or a failure may have left of a line ends here.
        await file.appendFile(this.#torn ? Buffer.concat([Buffer.from('\n'), line]) : line);
      } finally {
        await file.close();
      }
      this.#bytes += line.length + 1;
      this.#failed = false;
      this.#torn = false;
    } catch (error) {
      if (!this.#failed) this.#options.onFault(error);
      this.#failed = true;
      this.#torn = true;
    }
  }

  async #rotate(): Promise<void> {
    await rm(this.#path(files[files.length - 1] as string), { force: true });
    for (let to = files.length - 1; to > 0; to -= 1) {
      await rename(this.#path(files[to - 1] as string), this.#path(files[to] as string)).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        },
      );
    }
    this.#bytes = 0;
  }

  /** The latest first; what a crash has torn is left out. */
  async *#records(): AsyncGenerator<AuditRecord> {
    for (const file of files) {
      for await (const line of linesBackwards(this.#path(file))) yield* recordOf(line);
    }
  }

  #path(file: string): string {
    return join(this.#options.folder, file);
  }
}

function recordOf(line: string): AuditRecord[] {
  try {
    return [JSON.parse(line) as AuditRecord];
  } catch {
    return [];
  }
}
