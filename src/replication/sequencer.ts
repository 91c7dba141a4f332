import { assert } from '../base/assert.ts';
import { nextSeq, type Seq } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { CommandLog } from '../log/command-log.ts';
import type { Changing, Entry, EntryDraft } from './entry.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';
import type { EntrySource, ReadLimits } from './entry-source.ts';
import type { KeyPremise, TableChanges } from './table-changes.ts';

/** An entry that has its place in the order; `durable` settles when the log has decided. */
export interface Appended {
  readonly entry: Entry;
  readonly durable: Promise<void>;
}

interface Recent {
  readonly entry: Entry;
  /** Of its payload in the log. */
  readonly bytes: number;
}

/** The log has begun to refuse what it is given, or has taken an entry again. */
export type LogStateEvent =
  | { readonly kind: 'log_unavailable'; readonly reason: string }
  | { readonly kind: 'log_available' };

export interface SequencerOptions {
  readonly log: CommandLog;
  readonly clock: Clock;
  readonly onDurable: (entry: Entry) => void;
  readonly onLogState?: (event: LogStateEvent) => void;
  /** Told of each entry, before anybody can see what it does. */
  readonly changes?: TableChanges;
}

const recentEntriesMax = 4096;
const recentBytesMax = 32 * 1024 * 1024;

/**
 * Gives every entry its seq. The place is taken synchronously, while the leader still holds
 * the transaction's locks, so the order of the log agrees with the order of the locks.
 */
export class Sequencer implements EntrySource {
  readonly #log: CommandLog;
  readonly #clock: Clock;
  readonly #options: SequencerOptions;
  /** The latest entries, ascending, for followers that keep up. */
  readonly #recent = new Map<Seq, Recent>();
  #recentBytes = 0;
  #lastDurable: Seq;
  #failed: Error | undefined;

  constructor(options: SequencerOptions) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#options = options;
    this.#lastDurable = options.log.lastSeq;
  }

  get lastAppended(): Seq {
    return (this.#log.nextSeq - 1) as Seq;
  }

  get lastDurable(): Seq {
    return this.#lastDurable;
  }

  get firstSeq(): Seq {
    return this.#log.firstSeq;
  }

  /** Why the log refuses writes just now, if it does. */
  get failed(): Error | undefined {
    return this.#failed;
  }

  append(draft: EntryDraft & Changing): Appended {
    const { kind, epoch, lastCommitted, confirmed, commands } = draft;
    const atMs = this.#clock.wallMs();
    const seq = this.#log.nextSeq;
    const entry: Entry = { seq, epoch, kind, atMs, lastCommitted, confirmed, commands };
    this.#options.changes?.note(seq, draft.changed, draft.keyed);
    const payload = encodeEntry(entry);
    const files = commands.flatMap(({ file }) => file ?? []);
    const durable = this.#log.append({ seq, payload, files }).then(
      () => this.#becameDurable(entry, payload.length),
      (error: unknown) => {
        this.#refused(error);
        throw error;
      },
    );
    return { entry, durable };
  }

  /** What holds from now on, for a draft that is to be logged only while it does. */
  presume(tables: KeyPremise['tables']): KeyPremise {
    return this.#options.changes?.presume(tables) ?? { since: this.lastAppended, tables };
  }

  /** Whether what a draft was made under is still so; to be asked right before `append`. */
  stillHolds(premise: KeyPremise | undefined): boolean {
    return premise === undefined || this.#options.changes?.stillHolds(premise) === true;
  }

  /** Logs what a DDL statement is about to do, without taking a place in the order. */
  intend(draft: EntryDraft, payloadOf: (entry: Entry) => Buffer): Promise<void> {
    const entry = { ...draft, seq: this.#log.nextSeq, atMs: this.#clock.wallMs() };
    return this.#log.appendIntent({ seq: entry.seq, payload: payloadOf(entry) }).catch((error) => {
      this.#refused(error);
      throw error;
    });
  }

  /** An entry that is too large, or one too many, says nothing of the log. */
  #refused(error: unknown): void {
    if (!(error instanceof LockstepError) || error.code !== 'log_unavailable') return;
    const reason = error.message;
    if (!this.#failed) this.#options.onLogState?.({ kind: 'log_unavailable', reason });
    this.#failed = error;
  }

  /** Both limits hold together; the first entry is returned however large it is. */
  readCached(from: Seq, limits: ReadLimits): readonly Entry[] | undefined {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let at = from; entries.length < limits.entriesMax; at = nextSeq(at)) {
      const recent = this.#recent.get(at);
      if (!recent || at > this.#lastDurable) break;
      bytes += recent.bytes;
      if (bytes > limits.bytesMax && entries.length > 0) break;
      entries.push(recent.entry);
    }
    return entries.length > 0 ? entries : undefined;
  }

  async read(from: Seq, limits: ReadLimits): Promise<readonly Entry[]> {
    const records = await this.#log.read(from, limits);
    return records.map((record) => {
      const entry = decodeEntry(record.payload);
      assert(entry.seq === record.seq, 'an entry is where its seq says');
      return entry;
    });
  }

  #becameDurable(entry: Entry, bytes: number): void {
    assert(entry.seq === nextSeq(this.#lastDurable), 'entries become durable in order');
    this.#lastDurable = entry.seq;
    if (this.#failed !== undefined) {
      this.#failed = undefined;
      this.#options.onLogState?.({ kind: 'log_available' });
    }
    this.#recent.set(entry.seq, { entry, bytes });
    this.#recentBytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#recent) {
      if (this.#recent.size <= recentEntriesMax && this.#recentBytes <= recentBytesMax) break;
      this.#recent.delete(oldest);
      this.#recentBytes -= freed;
    }
    this.#options.onDurable(entry);
  }
}
