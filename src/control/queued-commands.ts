import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { CommandOutcome, QueryOutcome } from '../http/balancer-control.ts';
import type { RunQuery } from './query-runner.ts';

interface Queued {
  readonly id: string;
  readonly query: RunQuery;
  /** The log ended here when the command was accepted: it can only be logged after. */
  readonly afterSeq: Seq;
  outcome: CommandOutcome;
  /** How it ended, when that could not be written down yet: it must not run again. */
  unrecorded?: CommandOutcome;
}

type Line =
  | {
      readonly kind: 'accepted';
      readonly id: string;
      readonly query: RunQuery;
      readonly afterSeq: Seq;
    }
  | { readonly kind: 'ended'; readonly outcome: CommandOutcome };

export interface QueuedCommandsOptions {
  readonly folder: string;
  readonly queuedMax: () => number;
  readonly lastSeq: () => Seq;
  readonly run: (query: RunQuery) => Promise<QueryOutcome>;
  /** The seq of the entry after `afterSeq` whose SQL holds `text`, if the log has one. */
  readonly findInLog: (text: string, afterSeq: Seq) => Promise<Seq | undefined>;
  readonly writable: () => boolean;
}

/**
 * Writes accepted while no node was there: durable in a file of their own, executed in order
 * when the first node returns, each exactly once. A mark in the statement's text tells after
 * a crash whether the command log has it already.
 */
export class QueuedCommands {
  readonly #options: QueuedCommandsOptions;
  readonly #commands = new Map<string, Queued>();
  #writing: Promise<void> = Promise.resolve();
  #draining = false;
  /** Length of the file up to its last whole line; what is behind was never acknowledged. */
  #bytes = 0;

  constructor(options: QueuedCommandsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    let count = 0;
    for (const command of this.#commands.values()) if (command.outcome.state === 'queued') count++;
    return count;
  }

  async load(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return '';
    });
    // The last line may be torn by a crash: it was then never acknowledged.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    this.#bytes = Buffer.byteLength(whole);
    for (const line of whole.split('\n').slice(0, -1)) {
      const parsed = this.#parse(line);
      if (parsed.kind === 'accepted') this.#remember(parsed);
      else {
        const known = this.#commands.get(parsed.outcome.id);
        if (known) known.outcome = parsed.outcome;
      }
    }
    for (const command of this.#commands.values()) {
      if (command.outcome.state !== 'queued') continue;
      const found = await this.#options.findInLog(markOf(command.id), command.afterSeq);
      if (found !== undefined) command.unrecorded = doneBefore(command);
    }
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

  /** Resolves with the id once the command is durable. */
  async accept(query: RunQuery): Promise<string> {
    if (this.waiting >= this.#options.queuedMax()) {
      throw new LockstepError('queue_full', 'too many writes wait (limits.queued_writes)');
    }
    const id = randomUUID();
    const line: Line = { kind: 'accepted', id, query, afterSeq: this.#options.lastSeq() };
    await this.#append(line);
    this.#remember(line);
    return id;
  }

  outcome(id: string): CommandOutcome {
    const command = this.#commands.get(id);
    if (!command) throw new LockstepError('not_found', `there is no queued command ${id}`);
    // What the command log has is done, whether or not that could be written down here.
    return command.unrecorded?.state === 'done' ? command.unrecorded : command.outcome;
  }

  /** Runs what waits, in order, as long as writes are possible. */
  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (const command of this.#commands.values()) {
        if (command.outcome.state !== 'queued') continue;
        if (!command.unrecorded) {
          if (!this.#options.writable()) return;
          const ended = await this.#execute(command);
          if (!ended) return;
          command.unrecorded = ended;
        }
        await this.#append({ kind: 'ended', outcome: command.unrecorded });
        command.outcome = command.unrecorded;
        delete command.unrecorded;
      }
    } finally {
      this.#draining = false;
    }
  }

  /** How it ended; undefined while no node can take it, so that it goes on waiting. */
  async #execute({ id, query }: Queued): Promise<CommandOutcome | undefined> {
    // Behind the first word, where no splitting or trimming of the text can lose it.
    const sql = query.sql.replace(/^\s*\w+/, (word) => `${word} /* ${markOf(id)} */`);
    try {
      const outcome = await this.#options.run({ ...query, sql });
      return { id, state: 'done', sql: query.sql, outcome };
    } catch (error) {
      if (error instanceof LockstepError && error.httpStatus === 503) return undefined;
      const message = error instanceof Error ? error.message : String(error);
      return { id, state: 'failed', sql: query.sql, error: message };
    }
  }

  #remember(line: Extract<Line, { kind: 'accepted' }>): void {
    const { id, query, afterSeq } = line;
    const outcome: CommandOutcome = { id, state: 'queued', sql: query.sql };
    this.#commands.set(id, { id, query, afterSeq, outcome });
  }

  #append(line: Line): Promise<void> {
    const write = this.#writing.then(() => this.#write(Buffer.from(`${JSON.stringify(line)}\n`)));
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
      if (this.#bytes === 0) await syncFolder(this.#options.folder);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `The queue of writes cannot be written: ${reason}.`;
      throw new LockstepError('log_unavailable', message, { cause });
    }
    this.#bytes += bytes.length;
  }

  get #path(): string {
    return join(this.#options.folder, 'queued-commands.jsonl');
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

const markOf = (id: string): string => `queued command ${id}`;

const doneBefore = (command: Queued): CommandOutcome => ({
  id: command.id,
  state: 'done',
  sql: command.query.sql,
});
