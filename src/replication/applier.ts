import { nextSeq, type Seq } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import { assert } from '../base/assert.ts';
import { type ApplyBatch, type BatchSlot, renderBatch } from './apply-batch.ts';
import type { CommandContext } from './command.ts';
import type { FollowerResult } from './compare-results.ts';
import type { Entry } from './entry.ts';
import type { EntrySource, ReadLimits } from './entry-source.ts';
import type { BatchOutcome, FollowerPort } from './follower-port.ts';
import type { ResultEvidence } from './result-evidence.ts';
import { isTransient } from './transient-errors.ts';

/** Why an applier stopped by itself. */
export type ApplierEnd =
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'diverged'; readonly seq: Seq; readonly detail: string };

export interface ApplierOptions {
  readonly port: FollowerPort;
  readonly source: EntrySource;
  readonly evidence: ResultEvidence;
  readonly clock: Clock;
  readonly limits: ReadLimits;
  /** Everything up to here is on the node. */
  readonly position: Seq;
  /** Entries beyond `position` that are on the node too (it was the leader). */
  readonly appliedBeyond: ReadonlySet<Seq>;
  readonly onProgress: (position: Seq) => void;
  /** The entry fails on every copy, because its leader ran it without locks: it has no effect. */
  readonly onVoid: (seq: Seq) => void;
  readonly onEnd: (end: ApplierEnd) => void;
}

const transientRetriesMax = 50;
const transientDelayMs = 20;
/** A batch waits for so many flushes of the log at most, and for none of them longer. */
const gatherFlushesMax = 3;
const gatherMs = 2;
const one: ReadLimits = { entriesMax: 1, bytesMax: 1 };

/**
 * Applies the log to one follower, in order. While a batch is under way entries gather; then
 * all that are durable go together, so batches grow under load. Live following and catching
 * up after an outage are this same loop. A batch that fails is applied entry by entry.
 */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #appliedBeyond: Set<Seq>;
  #position: Seq;
  #sent: Seq;
  #context: CommandContext | undefined;
  #running = false;
  #stopped = false;
  /** Ends a wait for more entries. */
  #onMore: (() => void) | undefined;
  #idle: (() => void)[] = [];
  #ahead: { readonly from: Seq; readonly entries: Promise<readonly Entry[]> } | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#position = options.position;
    this.#appliedBeyond = new Set(options.appliedBeyond);
    this.#sent = [...options.appliedBeyond].reduce(
      (high, seq) => (seq > high ? seq : high),
      options.position,
    );
  }

  /** Everything up to here is committed on the node. */
  get position(): Seq {
    return this.#position;
  }

  /** Highest entry that a reader on the node may already see. */
  get sent(): Seq {
    return this.#sent;
  }

  /** Durable entries may have arrived. */
  wake(): void {
    this.#onMore?.();
    if (this.#running || this.#stopped) return;
    if (this.#position >= this.#options.source.lastDurable) return;
    this.#running = true;
    this.#run().then(
      () => this.#rest(),
      (error: unknown) => {
        this.#rest();
        this.#end({ kind: 'lost', reason: error instanceof Error ? error.message : String(error) });
      },
    );
  }

  /** Stops after the batch under way; resolves when nothing is under way any more. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#onMore?.();
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #rest(): void {
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #end(end: ApplierEnd): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#options.onEnd(end);
  }

  async #run(): Promise<void> {
    const { source, limits } = this.#options;
    // The entries of a group commit become durable one behind the other: they go together.
    await Promise.resolve();
    while (!this.#stopped && this.#position < source.lastDurable) {
      await this.#gather();
      if (this.#stopped) return;
      const from = nextSeq(this.#position);
      const entries = source.readCached(from, limits) ?? (await this.#read(from));
      const last = entries.at(-1);
      assert(entries[0]?.seq === from && last, `the log has no entry ${from}`);
      this.#readAhead(nextSeq(last.seq));
      for (let index = 0; index < entries.length && !this.#stopped; ) {
        index = await this.#applyFrom(entries, index);
      }
    }
  }

  /**
   * A batch costs the node the same whatever is in it. So it waits for entries that the disk is
   * about to have, as long as those are not few beside the ones that are there.
   */
  async #gather(): Promise<void> {
    const { source, clock, limits } = this.#options;
    for (let flushes = 0; flushes < gatherFlushesMax && !this.#stopped; flushes++) {
      const ready = source.lastDurable - this.#position;
      const coming = source.lastAppended - source.lastDurable;
      if (coming === 0 || 2 * coming < ready || ready >= limits.entriesMax) return;
      await new Promise<void>((resolve) => {
        const timer = clock.after(gatherMs, () => this.#onMore?.());
        this.#onMore = () => {
          this.#onMore = undefined;
          timer.cancel();
          resolve();
        };
      });
    }
  }

  #read(from: Seq): Promise<readonly Entry[]> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.from === from) return ahead.entries;
    return this.#options.source.read(from, this.#options.limits);
  }

  /** Has what comes next read from the disk and decoded while the node is busy. */
  #readAhead(from: Seq): void {
    const { source, limits } = this.#options;
    if (from > source.lastDurable || source.readCached(from, one)) return;
    const entries = source.read(from, limits);
    // Whoever wants the entries hears of it.
    entries.catch(() => undefined);
    this.#ahead = { from, entries };
  }

  /** Applies the run of like entries that starts at `index`; returns where the next starts. */
  async #applyFrom(entries: readonly Entry[], index: number): Promise<number> {
    const head = entries[index];
    assert(head, 'index within entries');
    if (this.#appliedBeyond.has(head.seq)) {
      await this.#options.port.movePosition(head.seq);
      this.#appliedBeyond.delete(head.seq);
      this.#advance(head.seq);
      return index + 1;
    }
    if (head.kind === 'ddl') {
      await this.#applyDdl(head);
      return index + 1;
    }
    let end = index + 1;
    while (end < entries.length && this.#batches(entries[end])) end++;
    await this.#applyTransactions(entries.slice(index, end));
    return end;
  }

  #batches(entry: Entry | undefined): boolean {
    return entry?.kind === 'transaction' && !this.#appliedBeyond.has(entry.seq);
  }

  async #applyTransactions(entries: readonly Entry[]): Promise<void> {
    const { port } = this.#options;
    for (let attempt = 0; !this.#stopped; attempt++) {
      const last = entries.at(-1);
      assert(last, 'a batch has entries');
      const step = { from: this.#position, to: last.seq };
      const batch = renderBatch(entries, this.#context, step);
      this.#sent = last.seq;
      const outcome = await port.applyBatch(batch);
      if (outcome.kind === 'applied') {
        this.#context = batch.context;
        await this.#check(batch, outcome.results);
        return;
      }
      this.#context = undefined;
      await port.reset();
      if (entries.length > 1) {
        for (const entry of entries) {
          if (!this.#stopped) await this.#applyTransactions([entry]);
        }
        return;
      }
      if (!isTransient(outcome.errno)) {
        await this.#judgeFailure(batch, last, outcome);
        return;
      }
      await this.#pauseBeforeRetry(attempt, outcome.errno, outcome.message);
    }
  }

  /** An entry failed for good. On a copy that is right, only one without evidence can. */
  async #judgeFailure(
    batch: ApplyBatch,
    entry: Entry,
    failure: Extract<BatchOutcome, { kind: 'failed' }>,
  ): Promise<void> {
    const { slot, errno, message } = failure;
    if (batch.slots[slot]?.kind === 'position') {
      throw new Error(`it is not at ${this.#position}, where it should be (${message})`);
    }
    const { evidence, port } = this.#options;
    await evidence.decided(entry);
    if (this.#stopped) return;
    await this.#expectToBeHere();
    const index = commandsBefore(batch.slots, slot);
    const found = { affectedRows: 0, insertId: '0', errno, info: '' };
    if (evidence.check(entry, index, found) !== undefined && (await this.#isEvidence(entry))) {
      const detail = `error ${errno} (${message}) where the leader succeeded`;
      this.#end({ kind: 'diverged', seq: entry.seq, detail });
      return;
    }
    const nothing = renderBatch([], undefined, { from: this.#position, to: entry.seq });
    const outcome = await port.applyBatch(nothing);
    if (outcome.kind === 'failed') throw new Error(`cannot pass entry ${entry.seq}`);
    this.#options.onVoid(entry.seq);
    this.#advance(entry.seq);
  }

  /** A late packet of a balancer that died may have applied just what then failed here. */
  async #expectToBeHere(): Promise<void> {
    const here = { from: this.#position, to: this.#position };
    const outcome = await this.#options.port.applyBatch(renderBatch([], undefined, here));
    if (outcome.kind === 'applied') return;
    throw new Error(`it is not at ${this.#position}, where it should be (${outcome.message})`);
  }

  async #applyDdl(entry: Entry): Promise<void> {
    for (let attempt = 0; !this.#stopped; attempt++) {
      this.#sent = entry.seq;
      const outcome = await this.#options.port.applyDdl(entry, this.#context);
      this.#context = undefined;
      await this.#options.port.reset();
      if (outcome.kind === 'already_done') return this.#advance(entry.seq);
      if (isTransient(outcome.result.errno)) {
        await this.#pauseBeforeRetry(attempt, outcome.result.errno, outcome.message);
        continue;
      }
      const command = entry.commands[0];
      assert(command, 'a DDL entry has one command');
      const difference = await this.#difference(entry, 0, outcome.result);
      if (difference === undefined) return this.#advance(entry.seq);
      this.#end({ kind: 'diverged', seq: entry.seq, detail: `${difference} ${outcome.message}` });
    }
  }

  async #check(batch: ApplyBatch, results: readonly FollowerResult[]): Promise<void> {
    const { evidence } = this.#options;
    let entry: Entry | undefined;
    let index = 0;
    let at = 0;
    for (const slot of batch.slots) {
      if (slot.kind !== 'command') continue;
      index = slot.entry === entry ? index + 1 : 0;
      entry = slot.entry;
      const result = results[at++];
      assert(result, 'one result for each command');
      // Almost all agree: nothing is awaited for them.
      if (evidence.check(entry, index, result) === undefined) continue;
      const difference = await this.#difference(entry, index, result);
      if (difference !== undefined) {
        this.#end({ kind: 'diverged', seq: entry.seq, detail: difference });
        return;
      }
    }
    assert(at === results.length, 'one result for each command');
    this.#advance(batch.position);
  }

  /** How an answer differs from what is expected, once it is known what to expect. */
  async #difference(
    entry: Entry,
    index: number,
    found: FollowerResult,
  ): Promise<string | undefined> {
    const { evidence } = this.#options;
    const atFirst = evidence.check(entry, index, found);
    if (atFirst === undefined) return undefined;
    await evidence.decided(entry);
    const difference = evidence.check(entry, index, found);
    return difference !== undefined && (await this.#isEvidence(entry)) ? difference : undefined;
  }

  /**
   * Whether the entry's recorded results prove something. Of a term before this process, whose
   * leader may have broken unnoticed, an entry logged later in it tells.
   */
  async #isEvidence(entry: Entry): Promise<boolean> {
    const { evidence, source, limits } = this.#options;
    if (evidence.knows(entry.epoch)) return true;
    for (let at = nextSeq(entry.seq); at <= source.lastDurable; ) {
      for (const later of await source.read(at, limits)) {
        if (later.epoch !== entry.epoch) return false;
        if (later.confirmed >= entry.seq) return true;
        at = nextSeq(later.seq);
      }
    }
    return false;
  }

  #advance(position: Seq): void {
    assert(position > this.#position, 'a position only moves forward');
    this.#position = position;
    if (this.#sent < position) this.#sent = position;
    this.#options.onProgress(position);
  }

  async #pauseBeforeRetry(attempt: number, errno: number, message: string): Promise<void> {
    if (attempt >= transientRetriesMax) {
      throw new Error(`gave up after ${attempt} retries: error ${errno} (${message})`);
    }
    await new Promise<void>((resolve) => {
      this.#options.clock.after(transientDelayMs * Math.min(attempt + 1, 10), resolve);
    });
  }
}

/** How many commands come before a statement of the batch. */
const commandsBefore = (slots: readonly BatchSlot[], slot: number): number =>
  slots.slice(0, slot).filter(({ kind }) => kind === 'command').length;
