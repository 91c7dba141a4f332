import { randomBytes, randomUUID } from 'node:crypto';
import { resolve as absolutePath } from 'node:path';
import { AssertionFailure, assert } from '../base/assert.ts';
import { nextSeq, type Seq } from '../base/brands.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { ActiveSegment } from './active-segment.ts';
import type { CommandLog, LogRecord, ReadLimits } from './command-log.ts';
import { SyncFailed } from './create-whole.ts';
import type { FolderLock, LogFileSystem } from './log-file-system.ts';
import { LogReader } from './log-reader.ts';
import { LogUnavailable } from './log-unavailable.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { payloadBytesMax, recordHeaderBytes } from './record-codec.ts';
import { recoverFolder, type Recovered } from './recover-folder.ts';
import { RecentWindow } from './recent-window.ts';
import type { Segment } from './segment.ts';
import { clusterIdBytesMax, segmentHeaderBytes } from './segment-header.ts';

export interface EmbeddedLogOptions {
  readonly folder: string;
  /** A segment is closed before it grows beyond this; default 64 MiB, at most 1 GiB. */
  readonly segmentBytes?: number;
  /** Bytes of recent entries kept in memory; default 16 MiB. */
  readonly windowBytes?: number;
  /** Bytes accepted and not yet durable; beyond it appends reject queue_full. Default 256 MiB. */
  readonly queuedBytesMax?: number;
  /** The cluster that the folder must belong to, or that begins; default: as found, or a UUID. */
  readonly clusterId?: string;
  /** Something was repaired that the operator should know of. */
  readonly onWarning: (message: string) => void;
  readonly fileSystem?: LogFileSystem;
  readonly clock?: Clock;
  /** 32 random bits: the salt of a new segment. */
  readonly randomU32?: () => number;
  /**
   * A pause between two group commits, in which the callers of the first can come back to be
   * in the second; default: one turn of the event loop.
   */
  readonly pause?: () => Promise<void>;
}

interface Waiting {
  readonly record: LogRecord;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Larger group commits would only make their callers wait longer. */
const batchBytesMax = 4 * 1024 * 1024;
const segmentBytesMax = 1024 * 1024 * 1024;
const mebibyte = 1024 * 1024;

/**
 * Opens the log in `folder`, which is made if it is not there. Rejects `LogCorrupt`
 * (log_corrupt), conflict if another balancer has the folder, config_invalid if it belongs to
 * another cluster, or the system's error.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const clock = options.clock ?? systemClock;
  const fileSystem = options.fileSystem ?? nodeFileSystem(clock);
  const folder = absolutePath(options.folder);
  const { clusterId } = options;
  const segmentBytes = options.segmentBytes ?? 64 * mebibyte;
  assert(segmentBytes > 0 && segmentBytes <= segmentBytesMax, 'segmentBytes is at most 1 GiB');
  assert(Buffer.byteLength(clusterId ?? '') <= clusterIdBytesMax, 'a cluster id is a UUID at most');
  await fileSystem.makeFolder(folder);
  let onLockLost = (): void => undefined;
  const lock = await fileSystem.lockFolder(folder, () => onLockLost());
  try {
    const randomU32 = options.randomU32 ?? (() => randomBytes(4).readUInt32LE());
    const recovered = await recoverFolder({
      fileSystem,
      folder,
      clusterId,
      newClusterId: randomUUID(),
      createdAt: new Date(clock.wallMs()).toISOString(),
      randomU32,
      onWarning: options.onWarning,
    });
    const log = new EmbeddedLog(recovered, {
      fileSystem,
      folder,
      lock,
      segmentBytes,
      windowBytes: options.windowBytes ?? 16 * mebibyte,
      queuedBytesMax: options.queuedBytesMax ?? 256 * mebibyte,
      randomU32,
      pause: options.pause ?? oneTurn,
    });
    onLockLost = () => log.abandon('another process has taken the log folder');
    return log;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const oneTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Environment {
  readonly fileSystem: LogFileSystem;
  readonly folder: string;
  readonly lock: FolderLock;
  readonly segmentBytes: number;
  readonly windowBytes: number;
  readonly queuedBytesMax: number;
  readonly randomU32: () => number;
  readonly pause: () => Promise<void>;
}

/**
 * The command log in segment files of its own folder.
 *
 * Group commit: one batch is on its way to the disk at a time; what is appended meanwhile
 * goes together in the next. `#lastSeq` moves, and callers hear, only after the disk has
 * confirmed, so whatever can be read is durable.
 */
export class EmbeddedLog implements CommandLog {
  readonly clusterId: string;
  readonly #environment: Environment;
  /** Never empty; the last one is `#active.segment`. Shared with the reader. */
  readonly #segments: Segment[];
  readonly #reader: LogReader;
  readonly #window: RecentWindow;
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
  #truncating: Promise<void> = Promise.resolve();
  /** Set: no append is taken. */
  #fence: LogUnavailable | undefined;
  /** The lock is lost: for ever. */
  #abandoned = false;
  #closing: Promise<void> | undefined;

  /** Use `openEmbeddedLog`. */
  constructor(recovered: Recovered, environment: Environment) {
    this.clusterId = recovered.clusterId;
    this.#environment = environment;
    this.#segments = recovered.segments;
    this.#active = recovered.active;
    this.#lastSeq = recovered.active.segment.lastSeq;
    this.#nextSeq = nextSeq(this.#lastSeq);
    this.#trailingIntent = recovered.trailingIntent;
    this.#reader = new LogReader(environment.fileSystem, recovered.segments);
    this.#window = new RecentWindow({ bytesMax: environment.windowBytes, next: this.#nextSeq });
  }

  get firstSeq(): Seq {
    return this.#segments[0]!.firstSeq;
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

  /** Why no append is taken; undefined while all is well. `heal` may change it. */
  get unavailable(): LogUnavailable | undefined {
    return this.#fence;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  append(record: { readonly seq: Seq; readonly payload: Buffer }): Promise<void> {
    return this.#accept({ seq: record.seq, kind: 'entry', payload: record.payload });
  }

  appendIntent(record: { readonly seq: Seq; readonly payload: Buffer }): Promise<void> {
    return this.#accept({ seq: record.seq, kind: 'intent', payload: record.payload });
  }

  #accept(record: LogRecord): Promise<void> {
    if (this.#fence !== undefined) return Promise.reject(this.#fence);
    if (record.seq !== this.#nextSeq) {
      const message = `append of ${record.seq}, but the next is ${this.#nextSeq}`;
      return Promise.reject(new AssertionFailure(message));
    }
    const bytes = record.payload.length;
    if (bytes > payloadBytesMax) return Promise.reject(tooLarge(bytes));
    if (this.#queuedBytes + bytes > this.#environment.queuedBytesMax && this.#queuedBytes > 0) {
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
    // Callers of the same turn are in the first batch together.
    await Promise.resolve();
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
      await this.#environment.pause();
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
    return segment.dataEnd + bytes > this.#environment.segmentBytes;
  }

  /** As much as fits into the segment and into one batch; at least one record. */
  #takeBatch(roll: boolean): Waiting[] {
    const dataEnd = roll ? segmentHeaderBytes : this.#active.segment.dataEnd;
    const room = Math.min(batchBytesMax, this.#environment.segmentBytes - dataEnd);
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
      firstSeq: nextSeq(this.#lastSeq),
      clusterId: this.clusterId,
      salt: this.#environment.randomU32(),
    });
    this.#segments.push(this.#active.segment);
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
      this.#window.add(record);
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
    if (this.#closing !== undefined || this.#abandoned) return Promise.reject(this.#fence);
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
    if (this.#closing === undefined && !this.#abandoned) this.#fence = undefined;
  }

  /** Stops for good and touches no file any more; what was on its way is of unknown outcome. */
  abandon(reason: string): void {
    this.#abandoned = true;
    this.#fence = new LogUnavailable('not_written', reason);
  }

  /** May serve entries from memory or from the disk. */
  async read(from: Seq, limits: ReadLimits): Promise<LogRecord[]> {
    return this.#window.read(from, limits) ?? this.#reader.read(from, limits);
  }

  readCached(from: Seq, limits: ReadLimits): LogRecord[] | undefined {
    return this.#window.read(from, limits);
  }

  truncateBefore(seq: Seq): Promise<void> {
    const done = this.#truncating.then(() => this.#truncate(seq));
    this.#truncating = done.catch(() => undefined);
    return done;
  }

  /** Oldest first, each one durable before the next: a crash leaves no hole in the chain. */
  async #truncate(seq: Seq): Promise<void> {
    const { fileSystem, folder } = this.#environment;
    // An earlier attempt may have removed a file and failed to sync that.
    await fileSystem.syncFolder(folder);
    while (this.#segments.length > 1 && this.#segments[0]!.lastSeq < seq) {
      const dropped = this.#segments[0]!;
      this.#reader.forget(dropped);
      await fileSystem.unlink(dropped.path);
      this.#segments.shift();
      await fileSystem.syncFolder(folder);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#fence ??= new LogUnavailable('not_written', 'it was closed');
    await this.#running;
    await this.#healing?.catch(() => undefined);
    await this.#truncating;
    this.#reader.close();
    await this.#active.close();
    await this.#environment.lock.release();
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
