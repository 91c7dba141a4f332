import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Seq } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import { type ErrorCode, LockstepError } from '../base/errors.ts';
import type { LoggedCommand, QueryOutcome, QueryRequest } from '../http/balancer-control.ts';
import { ServerError } from '../http/server-error.ts';
import { DurableLines } from './durable-lines.ts';
import { markStatement } from './mark-statement.ts';

/** How a write ended that will not be run again under its key. */
type Ending =
  | { readonly kind: 'outcome'; readonly outcome: QueryOutcome }
  | {
      readonly kind: 'server_error';
      readonly errno: number;
      readonly sqlState: string;
      readonly message: string;
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string };

interface Begun {
  readonly kind: 'begun';
  readonly id: string;
  /** Of the statement: a key is for one. */
  readonly print: string;
  /** The log ended here: the write can only be behind it. */
  readonly afterSeq: Seq;
  readonly atMs: number;
}

type Line =
  | Begun
  | { readonly kind: 'ended'; readonly id: string; readonly ending: Ending }
  /** Nothing of it took effect, and it may be tried again. */
  | { readonly kind: 'freed'; readonly id: string };

interface Known {
  readonly begun: Begun;
  ending?: Ending;
  /** Under way in this very process. */
  running?: Promise<QueryOutcome>;
}

export interface IdempotencyKeysOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: { readonly firstSeq: Seq; readonly lastSeq: Seq };
  /** The seq of the entry after `afterSeq` whose SQL holds `text`, if the log has one. */
  readonly findInLog: (text: string, afterSeq: Seq) => Promise<Seq | undefined>;
  readonly entry: (seq: Seq) => Promise<LoggedCommand | undefined>;
  /** The id of the write in the queue whose SQL holds `text`. */
  readonly findQueued: (text: string) => string | undefined;
  readonly writable: () => boolean;
}

type Run = (request: QueryRequest) => Promise<QueryOutcome>;

const keptMs = 24 * 60 * 60 * 1000;
const keysMax = 100_000;
const outcomeBytesMax = 64 * 1024;
/** So many lines more than keys, and the file is written anew. */
const spareLines = 1000;

/**
 * Writes under keys: the same key has the same outcome, also after a crash.
 *
 * That a write begins under a key is on the disk before it runs, how it ended before the client
 * hears of it. Between the two the command log decides, as it does for everything: the key is a
 * mark in the statement's text, and an entry that is in the log took effect, one that is not did
 * not and never will, since what a balancer that died had open was rolled back.
 */
export class IdempotencyKeys {
  readonly #options: IdempotencyKeysOptions;
  readonly #lines: DurableLines<Line>;
  /** The oldest first. */
  readonly #known = new Map<string, Known>();
  #lineCount = 0;

  constructor(options: IdempotencyKeysOptions) {
    this.#options = options;
    const path = join(options.folder, 'idempotency-keys.jsonl');
    this.#lines = new DurableLines({ path, name: 'The file of idempotency keys' });
  }

  async load(): Promise<void> {
    for (const line of await this.#lines.load()) {
      this.#lineCount += 1;
      if (line.kind === 'begun') this.#known.set(line.id, { begun: line });
      else if (line.kind === 'freed') this.#known.delete(line.id);
      else {
        const known = this.#known.get(line.id);
        if (known) known.ending = line.ending;
      }
    }
    await this.#forget();
  }

  /** Runs the write, or answers as it was answered before. */
  async run(request: QueryRequest, run: Run): Promise<QueryOutcome> {
    const { idempotency, account } = request;
    if (!idempotency) return run(request);
    const id = hashOf([idempotency.by, account?.name ?? '', idempotency.key]).slice(0, 32);
    const print = hashOf([request.sql, request.schema ?? '', request.parameters ?? []]);
    const known = this.#known.get(id);
    if (!known) return this.#begin({ id, print, request, run });
    if (known.begun.print !== print) {
      const message = `the Idempotency-Key "${idempotency.key}" was used for another statement`;
      throw new LockstepError('idempotency_mismatch', message);
    }
    if (known.running) return replayed(await known.running);
    if (known.ending) return replayed(outcomeOf(known.ending));
    return this.#track(known, () => this.#resume(known, request, run));
  }

  async #begin(given: { id: string; print: string; request: QueryRequest; run: Run }) {
    const { id, print, request, run } = given;
    const { log, clock } = this.#options;
    const atMs = clock.wallMs();
    const begun: Begun = { kind: 'begun', id, print, afterSeq: log.lastSeq, atMs };
    const known: Known = { begun };
    // A second request with the key waits for this one from here on.
    this.#known.set(id, known);
    return this.#track(known, async () => {
      try {
        await this.#append(begun);
      } catch (error) {
        this.#known.delete(id);
        throw error;
      }
      return this.#execute(known, request, run);
    });
  }

  async #track(known: Known, work: () => Promise<QueryOutcome>): Promise<QueryOutcome> {
    known.running = work();
    try {
      return await known.running;
    } finally {
      delete known.running;
    }
  }

  /** It had begun, and how it ended is not known here. */
  async #resume(known: Known, request: QueryRequest, run: Run): Promise<QueryOutcome> {
    const { findInLog, findQueued, writable, log } = this.#options;
    const { id, afterSeq } = known.begun;
    const mark = markOf(id);
    const queuedId = findQueued(mark);
    if (queuedId !== undefined) {
      return this.#end(known, { kind: 'outcome', outcome: { kind: 'accepted', id: queuedId } });
    }
    // What was open when a leader was lost is decided when there is one again.
    if (!writable()) throw new LockstepError('no_node', 'no node can take writes');
    const seq = await findInLog(mark, afterSeq);
    if (seq !== undefined) return this.#end(known, await this.#endingOf(seq));
    if (log.firstSeq > afterSeq + 1) {
      const message = 'the log no longer has what could tell whether the write took effect';
      throw new LockstepError('outcome_unknown', message);
    }
    return this.#execute(known, request, run);
  }

  /** As the log has it. */
  async #endingOf(seq: Seq): Promise<Ending> {
    const entry = await this.#options.entry(seq);
    const command = entry?.commands.at(-1);
    const { affectedRows = 0, insertId = '0', errno = 0 } = command ?? {};
    if (errno !== 0) {
      const message = `the server answered with error ${errno}`;
      return { kind: 'server_error', errno, sqlState: 'HY000', message };
    }
    const common = { warnings: 0, node: '', durationMs: 0 };
    return { kind: 'outcome', outcome: { kind: 'result', affectedRows, insertId, seq, ...common } };
  }

  async #execute(known: Known, request: QueryRequest, run: Run): Promise<QueryOutcome> {
    const { id } = known.begun;
    try {
      const sql = markStatement(request.sql, markOf(id));
      return await this.#end(known, { kind: 'outcome', outcome: await run({ ...request, sql }) });
    } catch (error) {
      if (known.ending || isOpen(error)) throw error;
      const ending = endingOf(error);
      if (ending) await this.#append({ kind: 'ended', id, ending });
      else await this.#append({ kind: 'freed', id });
      if (ending) known.ending = ending;
      else this.#known.delete(id);
      throw error;
    }
  }

  /** Nobody hears of it before it is on the disk. */
  async #end(known: Known, ending: Ending): Promise<QueryOutcome> {
    const { id } = known.begun;
    const kept = withoutManyRows(ending);
    await this.#append({ kind: 'ended', id, ending: kept });
    known.ending = kept;
    return outcomeOf(ending);
  }

  async #append(line: Line): Promise<void> {
    await this.#lines.append(line);
    this.#lineCount += 1;
    await this.#forget();
  }

  /** What is old, and the oldest of too many. A key that is forgotten is a new one. */
  async #forget(): Promise<void> {
    const oldMs = this.#options.clock.wallMs() - keptMs;
    for (const [id, { begun, running }] of this.#known) {
      if (running || (begun.atMs >= oldMs && this.#known.size <= keysMax)) break;
      this.#known.delete(id);
    }
    if (this.#lineCount <= 2 * this.#known.size + spareLines) return;
    this.#lineCount = 2 * this.#known.size;
    await this.#lines.replace(() => [...this.#known.values()].flatMap(linesOf));
  }
}

function linesOf({ begun, ending }: Known): Line[] {
  return ending ? [begun, { kind: 'ended', id: begun.id, ending }] : [begun];
}

const markOf = (id: string): string => `idempotency key ${id}`;

const hashOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

const replayed = (outcome: QueryOutcome): QueryOutcome => ({ ...outcome, replayed: true });

function outcomeOf(ending: Ending): QueryOutcome {
  switch (ending.kind) {
    case 'outcome':
      return ending.outcome;
    case 'server_error':
      throw new ServerError(ending);
    case 'refused':
      throw new LockstepError(ending.code, ending.message);
  }
}

/** Not sure to have had no effect: when it is tried again, the log is asked first. */
const isOpen = (error: unknown): boolean =>
  error instanceof LockstepError ? error.httpStatus >= 500 : !(error instanceof ServerError);

/** Too many connections, deadlock, lock wait, interrupted; and who is denied may not be later. */
const passing: ReadonlySet<number> = new Set([1040, 1045, 1205, 1213, 1317]);

/** Undefined where nothing took effect, and it may go well when it is tried again. */
function endingOf(error: unknown): Ending | undefined {
  if (error instanceof ServerError) {
    const { errno, sqlState, message } = error;
    if (passing.has(errno)) return undefined;
    return { kind: 'server_error', errno, sqlState, message };
  }
  const { code, message, httpStatus, sqlState } = error as LockstepError;
  const mayPass = httpStatus === 401 || httpStatus === 429 || sqlState === '40001';
  return mayPass ? undefined : { kind: 'refused', code, message };
}

/** Of RETURNING: what many rows were is not kept. */
function withoutManyRows(ending: Ending): Ending {
  if (ending.kind !== 'outcome' || ending.outcome.kind !== 'rows') return ending;
  if (JSON.stringify(ending).length <= outcomeBytesMax) return ending;
  return { kind: 'outcome', outcome: { ...ending.outcome, rows: [], truncated: true } };
}
