import { AssertionFailure, assert } from '../base/assert.ts';
import { nextSeq, type Seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { ActiveSegment } from './active-segment.ts';
import type { LogRecord } from './command-log.ts';
import { SyncFailed } from './create-whole.ts';
import { LogUnavailable } from './log-unavailable.ts';
import { payloadBytesMax, recordHeaderBytes } from './record-codec.ts';
import type { Recovered } from './recover-folder.ts';
import type { Segment } from './segment.ts';
import { formatVersion, segmentHeaderBytes } from './segment-header.ts';

interface Waiting {
  readonly record: LogRecord;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface LogWriterOptions {
  readonly segmentBytes: number;
  readonly queuedBytesMax: number;
  readonly randomU32: () => number;
  /** Before and between group commits. */
  readonly pause: () => Promise<void>;
  /** Bytes of the files that entries of the segment name: they count as if they lay in it. */
  readonly filesBytes: (segment: Segment) => number;
  /** The entry is durable; called in order, before its append resolves. */
  readonly onDurable: (entry: LogRecord) => void;
  /** A new segment was begun. */
  readonly onSegment: (segment: Segment) => void;
}

/** Larger group commits would only make their callers wait longer. */
const batchBytesMax = 4 * 1024 * 1024;

/**
 * The writing half of the log. Group commit: one batch is on its way to the disk at a time;
 * what is appended meanwhile goes together in the next. `#lastSeq` moves, and callers hear,
 * only after the disk has confirmed.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #clusterId: string;
  #active: ActiveSegment;
  /** Invariant: `#nextSeq` = `#lastSeq` + 1 + entries accepted and not yet settled. */
  #lastSeq: Seq;
  #nextSeq: Seq;
  #trailingIntent: LogRecord | undefined;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  /** The running group commits; undefined while there is nothing to do. */
  #running: Promise<void> | undefined;
  #healing: Promise<void> | undefined;
  /** Set: no append is taken. */
  #fence: LogUnavailable | undefined;
  /** The lock is lost: for ever. */
  #abandoned = false;
  #closed = false;

  constructor(recovered: Recovered, options: LogWriterOptions) {
    this.#options = options;
    this.#clusterId = recovered.clusterId;
    this.#active = recovered.active;
    this.#lastSeq = recovered.active.segment.lastSeq;
    this.#nextSeq = nextSeq(this.#lastSeq);
    this.#trailingIntent = recovered.trailingIntent;
  }

  get lastSeq(): Seq {
    return this.#lastSeq;
  }

  get nextSeq(): Seq {
    return this.#nextSeq;
  }

  get trailingIntent(): LogRecord | undefined {
    return this.#trailingIntent;
  }

  get unavailable(): LogUnavailable | undefined {
    return this.#fence;
  }

  /** See `CommandLog.append`. */
  append(record: LogRecord): Promise<void> {
    if (this.#fence !== undefined) return Promise.reject(this.#fence);
    if (record.seq !== this.#nextSeq) {
      const message = `append of ${record.seq}, but the next is ${this.#nextSeq}`;
      return Promise.reject(new AssertionFailure(message));
    }
    const bytes = record.payload.length;
    if (bytes > payloadBytesMax) return Promise.reject(tooLarge(bytes));
    if (this.#queuedBytes + bytes > this.#options.queuedBytesMax && this.#queuedBytes > 0) {
      return Promise.reject(queueFull(this.#queuedBytes));
    }
    this.#queuedBytes += bytes;
    if (record.kind === 'entry') this.#nextSeq = nextSeq(this.#nextSeq);
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // Callers of the same turn are in the first batch together, whatever woke each of them.
    await this.#options.pause();
    while (this.#queue.length > 0) {
      const roll = this.#mustRoll();
      const batch = this.#takeBatch(roll);
      try {
        if (this.#abandoned) throw new Error('the log folder is no longer ours');
        if (roll) await this.#roll();
        await this.#active.write(batch.map((waiting) => waiting.record));
        this.#settle(batch);
      } catch (error) {
        if (error instanceof AssertionFailure) throw error;
        await this.#fail(batch, error);
      }
      await this.#options.pause();
    }
    this.#running = undefined;
  }

  /**
   * An intent at the end keeps its segment open: a closed segment ends with an entry, so a
   * trailing intent is always found in the last one.
   */
  #mustRoll(): boolean {
    const { segment } = this.#active;
    const first = this.#queue[0];
    if (first === undefined || !segment.hasEntries || this.#trailingIntent) return false;
    const bytes = recordHeaderBytes + first.record.payload.length;
    const { filesBytes, segmentBytes } = this.#options;
    return segment.dataEnd + filesBytes(segment) + bytes > segmentBytes;
  }

  /** As much as fits into the segment and into one batch; at least one record. */
  #takeBatch(roll: boolean): Waiting[] {
    const dataEnd = roll ? segmentHeaderBytes : this.#active.segment.dataEnd;
    const room = Math.min(batchBytesMax, this.#options.segmentBytes - dataEnd);
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#queue) {
      bytes += recordHeaderBytes + record.payload.length;
      if (bytes > room && count > 0) break;
      count++;
    }
    if (count < this.#queue.length) return this.#queue.splice(0, count);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  async #roll(): Promise<void> {
    this.#active = await this.#active.roll({
      version: formatVersion,
      firstSeq: nextSeq(this.#lastSeq),
      clusterId: this.#clusterId,
      salt: this.#options.randomU32(),
    });
    this.#options.onSegment(this.#active.segment);
  }

  #settle(batch: readonly Waiting[]): void {
    for (const { record } of batch) {
      this.#queuedBytes -= record.payload.length;
      if (record.kind === 'intent') {
        this.#trailingIntent = record;
        continue;
      }
      assert(record.seq === nextSeq(this.#lastSeq), 'entries become durable in order');
      this.#lastSeq = record.seq;
      this.#trailingIntent = undefined;
      this.#options.onDurable(record);
    }
    assert(this.#lastSeq === this.#active.segment.lastSeq, 'memory and disk agree');
    for (const { resolve } of batch) resolve();
  }

  /**
   * Rejects the batch and all that came after it. A full disk is no reason to close: the file
   * goes back to where it was and the next append tries again. After anything else, above
   * all a failed fsync, what the system shows is not what is on the disk: the log is fenced.
   */
  async #fail(batch: readonly Waiting[], cause: unknown): Promise<void> {
    // Without the lock the files are another's: they are not touched any more.
    const restored = !this.#abandoned && (await succeeds(this.#active.restore()));
    const reason = cause instanceof Error ? cause.message : String(cause);
    const notWritten = new LogUnavailable('not_written', reason, { cause });
    if (!restored || !isOutOfSpace(cause)) this.#fence ??= notWritten;
    const behind = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#nextSeq = nextSeq(this.#lastSeq);
    const error = restored ? notWritten : new LogUnavailable('unknown', reason, { cause });
    for (const waiting of batch) waiting.reject(error);
    for (const waiting of behind) waiting.reject(notWritten);
  }

  /**
   * After a failure: opens the file anew, cuts off what was never acknowledged, checks the
   * rest and takes appends again. Does nothing if all is well. Rejects log_unavailable while
   * the disk still fails, log_corrupt if an acknowledged record is damaged.
   */
  heal(): Promise<void> {
    if (this.#fence === undefined) return Promise.resolve();
    if (this.#closed || this.#abandoned) return Promise.reject(this.#fence);
    this.#healing ??= this.#heal().finally(() => {
      this.#healing = undefined;
    });
    return this.#healing;
  }

  async #heal(): Promise<void> {
    await this.#running;
    try {
      await this.#active.heal();
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new LogUnavailable('not_written', reason, { cause: error });
    }
    if (!this.#closed && !this.#abandoned) this.#fence = undefined;
  }

  /** Stops for good and touches no file any more; what was on its way is of unknown outcome. */
  abandon(reason: string): void {
    this.#abandoned = true;
    this.#fence = new LogUnavailable('not_written', reason);
  }

  /** Writes what was accepted, takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#fence ??= new LogUnavailable('not_written', 'it was closed');
    await this.#running;
    await this.#healing?.catch(() => undefined);
    await this.#active.close();
  }
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

/** The disk or the quota is full. A full disk that shows at fsync is another matter. */
function isOutOfSpace(cause: unknown): boolean {
  if (!(cause instanceof Error) || cause instanceof SyncFailed || !('code' in cause)) return false;
  return cause.code === 'ENOSPC' || cause.code === 'EDQUOT';
}

function tooLarge(bytes: number): LockstepError {
  const message = `An entry of ${bytes} bytes is more than the command log takes.`;
  return new LockstepError('packet_too_large', message);
}

function queueFull(bytes: number): LockstepError {
  const message = `${bytes} bytes wait to be written to the command log already.`;
  return new LockstepError('queue_full', message);
}
