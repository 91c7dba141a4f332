import { assert } from '../base/assert.ts';
import { nextSeq, type Seq, seq as toSeq } from '../base/brands.ts';
import type { LogRecord, ReadLimits } from './command-log.ts';

/** What an entry costs beside its payload: the objects around it, about. */
const overheadBytes = 96;
const compactAt = 4096;

/** The most recent durable entries, without gaps, bounded by bytes. */
export class RecentWindow {
  readonly #bytesMax: number;
  #records: LogRecord[] = [];
  /** Records before it are gone. */
  #head = 0;
  #bytes = 0;
  /** Seq of the record at `#head`; `#next` if there is none. */
  #first: Seq;
  #next: Seq;

  constructor(options: { readonly bytesMax: number; readonly next: Seq }) {
    this.#bytesMax = options.bytesMax;
    this.#first = options.next;
    this.#next = options.next;
  }

  add(record: LogRecord): void {
    assert(record.seq === this.#next, 'the window has no gaps');
    this.#records.push(record);
    this.#bytes += record.payload.length + overheadBytes;
    this.#next = nextSeq(record.seq);
    while (this.#bytes > this.#bytesMax) this.#dropFirst();
  }

  #dropFirst(): void {
    const record = this.#records[this.#head]!;
    this.#bytes -= record.payload.length + overheadBytes;
    this.#head++;
    this.#first = nextSeq(record.seq);
    if (this.#head < compactAt || this.#head < this.#records.length / 2) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }

  /** Entries from `from` on; empty if there is none yet; undefined if it is no longer here. */
  read(from: Seq, limits: ReadLimits): LogRecord[] | undefined {
    if (from < this.#first) return undefined;
    const found: LogRecord[] = [];
    let bytes = 0;
    for (let at = toSeq(from); at < this.#next; at = nextSeq(at)) {
      const record = this.#records[this.#head + at - this.#first]!;
      bytes += record.payload.length;
      if (found.length > 0 && (bytes > limits.bytesMax || found.length >= limits.entriesMax)) break;
      found.push(record);
    }
    return found;
  }
}
