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
  readonly queuedMax: number;
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

  constructor(options: QueuedCommandsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    let count = 0;
    for (const command of this.#commands.values()) if (command.outcome.state === 'queued') count++;
    return count;
  }

  async load(): Promise<void> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch {
      return;
    }
    // The last line may be torn by a crash: it was then never acknowledged.
    for (const line of text.split('\n').slice(0, -1)) {
      const parsed = JSON.parse(line) as Line;
      if (parsed.kind === 'accepted') this.#remember(parsed);
      else {
        const known = this.#commands.get(parsed.outcome.id);
        if (known) known.outcome = parsed.outcome;
      }
    }
    for (const command of this.#commands.values()) {
      if (command.outcome.state !== 'queued') continue;
      const found = await this.#options.findInLog(markOf(command.id), command.afterSeq);
      if (found !== undefined) await this.#end(command, doneBefore(command));
    }
  }

  /** Resolves with the id once the command is durable. */
  async accept(query: RunQuery): Promise<string> {
    if (this.waiting >= this.#options.queuedMax) {
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
    return command.outcome;
  }

  /** Runs what waits, in order, as long as writes are possible. */
  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (const command of this.#commands.values()) {
        if (command.outcome.state !== 'queued') continue;
        if (!this.#options.writable()) return;
        await this.#execute(command);
        if (command.outcome.state === 'queued') return;
      }
    } finally {
      this.#draining = false;
    }
  }

  async #execute(command: Queued): Promise<void> {
    const { id, query } = command;
    // Behind the first word, where no splitting or trimming of the text can lose it.
    const sql = query.sql.replace(/^\s*\w+/, (word) => `${word} /* ${markOf(id)} */`);
    try {
      const outcome = await this.#options.run({ ...query, sql });
      await this.#end(command, { id, state: 'done', sql: query.sql, outcome });
    } catch (error) {
      // While no node can take it, it goes on waiting; any other error is its outcome.
      if (error instanceof LockstepError && error.httpStatus === 503) return;
      const message = error instanceof Error ? error.message : String(error);
      await this.#end(command, { id, state: 'failed', sql: query.sql, error: message });
    }
  }

  async #end(command: Queued, outcome: CommandOutcome): Promise<void> {
    await this.#append({ kind: 'ended', outcome });
    command.outcome = outcome;
  }

  #remember(line: Extract<Line, { kind: 'accepted' }>): void {
    const { id, query, afterSeq } = line;
    const outcome: CommandOutcome = { id, state: 'queued', sql: query.sql };
    this.#commands.set(id, { id, query, afterSeq, outcome });
  }

  #append(line: Line): Promise<void> {
    const write = this.#writing.then(async () => {
      const file = await open(this.#path, 'a');
      try {
        await file.writeFile(`${JSON.stringify(line)}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
    });
    this.#writing = write.catch(() => {});
    return write;
  }

  get #path(): string {
    return join(this.#options.folder, 'queued-commands.jsonl');
  }
}

const markOf = (id: string): string => `queued command ${id}`;

const doneBefore = (command: Queued): CommandOutcome => ({
  id: command.id,
  state: 'done',
  sql: command.query.sql,
});
