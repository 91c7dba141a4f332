import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { CommandOutcome, QueryOutcome } from '../http/balancer-control.ts';
import { DurableLines } from './durable-lines.ts';
import { markStatement } from './mark-statement.ts';
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
  readonly #lines: DurableLines<Line>;
  #draining = false;

  constructor(options: QueuedCommandsOptions) {
    this.#options = options;
    const path = join(options.folder, 'queued-commands.jsonl');
    this.#lines = new DurableLines({ path, name: 'The queue of writes' });
  }

  get waiting(): number {
    let count = 0;
    for (const command of this.#commands.values()) if (command.outcome.state === 'queued') count++;
    return count;
  }

  async load(): Promise<void> {
    for (const parsed of await this.#lines.load()) {
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

  /** Resolves with the id once the command is durable. */
  async accept(query: RunQuery): Promise<string> {
    if (this.waiting >= this.#options.queuedMax()) {
      throw new LockstepError('queue_full', 'too many writes wait (limits.queued_writes)');
    }
    const id = randomUUID();
    const line: Line = { kind: 'accepted', id, query, afterSeq: this.#options.lastSeq() };
    await this.#lines.append(line);
    this.#remember(line);
    return id;
  }

  /** The command whose statement holds the text. */
  find(text: string): string | undefined {
    for (const { id, query } of this.#commands.values()) if (query.sql.includes(text)) return id;
    return undefined;
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
        await this.#lines.append({ kind: 'ended', outcome: command.unrecorded });
        command.outcome = command.unrecorded;
        delete command.unrecorded;
      }
    } finally {
      this.#draining = false;
    }
  }

  /** How it ended; undefined while no node can take it, so that it goes on waiting. */
  async #execute({ id, query }: Queued): Promise<CommandOutcome | undefined> {
    try {
      const sql = markStatement(query.sql, markOf(id));
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
}

const markOf = (id: string): string => `queued command ${id}`;

const doneBefore = (command: Queued): CommandOutcome => ({
  id: command.id,
  state: 'done',
  sql: command.query.sql,
});
