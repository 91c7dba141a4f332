import { randomBytes, randomUUID } from 'node:crypto';
import { resolve as absolutePath } from 'node:path';
import { LockstepError } from '../base/errors.ts';
import { faultPoints } from '../base/fault-points.ts';
import { assert } from '../base/assert.ts';
import type { Seq } from '../base/brands.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { CommandLog, EntryRecord, LogRecord, ReadLimits } from './command-log.ts';
import { LoadFiles } from './load-files.ts';
import type { FolderLock, LogFileSystem } from './log-file-system.ts';
import { LogReader } from './log-reader.ts';
import type { LogUnavailable } from './log-unavailable.ts';
import { LogWriter, type LogWriterOptions } from './log-writer.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { recoverFolder, type Recovered } from './recover-folder.ts';
import { RecentWindow } from './recent-window.ts';
import type { Segment } from './segment.ts';
import { clusterIdBytesMax } from './segment-header.ts';
import { type CheckRecord, type LogReport, verifyLog } from './verify-log.ts';

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

const segmentBytesMax = 1024 * 1024 * 1024;
const mebibyte = 1024 * 1024;

/** Makes the folder if need be and takes it for this process. */
async function takeFolder(
  fileSystem: LogFileSystem,
  folder: string,
  onLost: () => void,
): Promise<FolderLock> {
  try {
    await fileSystem.makeFolder(folder);
    return await fileSystem.lockFolder(folder, onLost);
  } catch (cause) {
    if (cause instanceof LockstepError || !(cause instanceof Error)) throw cause;
    const message = `log.folder ${folder} cannot be used: ${cause.message}`;
    throw new LockstepError('config_invalid', message, { cause });
  }
}

/**
 * Opens the log in `folder`, which is made if it is not there. Rejects `LogCorrupt`
 * (log_corrupt), conflict if another balancer has the folder, config_invalid if it belongs to
 * another cluster or cannot be made or written, or the system's error.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const clock = options.clock ?? systemClock;
  const fileSystem = options.fileSystem ?? nodeFileSystem(clock);
  const folder = absolutePath(options.folder);
  const { clusterId } = options;
  const segmentBytes = options.segmentBytes ?? 64 * mebibyte;
  assert(segmentBytes > 0 && segmentBytes <= segmentBytesMax, 'segmentBytes is at most 1 GiB');
  assert(Buffer.byteLength(clusterId ?? '') <= clusterIdBytesMax, 'a cluster id is a UUID at most');
  let onLockLost = (): void => undefined;
  const lock = await takeFolder(fileSystem, folder, () => onLockLost());
  try {
    const randomU32 = options.randomU32 ?? (() => randomBytes(4).readUInt32LE());
    const recovered = await recoverFolder({
      fileSystem,
      folder,
      clusterId,
      newClusterId: randomUUID(),
      // oxlint-disable-next-line no-restricted-globals -- only formats what the clock said
      createdAt: new Date(clock.wallMs()).toISOString(),
      randomU32,
      onWarning: options.onWarning,
    });
    const { lastSeq } = recovered.active.segment;
    const newId = (): string => randomUUID();
    const log = new EmbeddedLog(recovered, {
      fileSystem,
      folder,
      lock,
      files: await LoadFiles.open({ fileSystem, folder, lastSeq, newId }),
      windowBytes: options.windowBytes ?? 16 * mebibyte,
      writing: {
        segmentBytes,
        queuedBytesMax: options.queuedBytesMax ?? 256 * mebibyte,
        randomU32,
        pause: options.pause ?? oneTurn,
      },
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
  readonly files: LoadFiles;
  readonly windowBytes: number;
  readonly writing: Omit<LogWriterOptions, 'filesBytes' | 'onDurable' | 'onSegment'>;
}

/**
 * The command log in segment files of its own folder. Whatever can be read of it is durable:
 * the writer tells of an entry only after the disk has confirmed it.
 */
export class EmbeddedLog implements CommandLog {
  readonly clusterId: string;
  readonly files: LoadFiles;
  readonly #environment: Environment;
  /** Never empty, ascending; the last one is written to. Shared with the reader. */
  readonly #segments: Segment[];
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly #window: RecentWindow;
  #truncating: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** Use `openEmbeddedLog`. */
  constructor(recovered: Recovered, environment: Environment) {
    this.clusterId = recovered.clusterId;
    this.#environment = environment;
    this.files = environment.files;
    this.#segments = recovered.segments;
    this.#writer = new LogWriter(recovered, {
      ...environment.writing,
      filesBytes: (segment) => this.#filesBytes(segment),
      onDurable: (entry) => this.#window.add(entry),
      onSegment: (segment) => this.#segments.push(segment),
    });
    this.#reader = new LogReader(environment.fileSystem, recovered.segments);
    const next = this.#writer.nextSeq;
    this.#window = new RecentWindow({ bytesMax: environment.windowBytes, next });
  }

  get firstSeq(): Seq {
    return this.#segments[0]!.firstSeq;
  }

  get lastSeq(): Seq {
    return this.#writer.lastSeq;
  }

  get nextSeq(): Seq {
    return this.#writer.nextSeq;
  }

  get trailingIntent(): LogRecord | undefined {
    return this.#writer.trailingIntent;
  }

  /** Why no append is taken; undefined while all is well. `heal` may change it. */
  get unavailable(): LogUnavailable | undefined {
    return this.#writer.unavailable;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, this.files.bytes());
  }

  /** Bytes on disk that go when a segment is dropped: the files that its entries name, too. */
  bytesOf(segment: Segment): number {
    return segment.sizeBytes + this.#filesBytes(segment);
  }

  #filesBytes({ firstSeq, lastSeq }: Segment): number {
    return this.files.bytes(firstSeq, lastSeq);
  }

  /** Those that are not written to any more, oldest first. */
  get closedSegments(): readonly Segment[] {
    return this.#segments.slice(0, -1);
  }

  /** What the disk of the folder has left for this process; undefined if it does not tell. */
  freeBytes(): Promise<number | undefined> {
    return this.#environment.fileSystem.freeBytes(this.#environment.folder);
  }

  append(record: EntryRecord): Promise<void> {
    for (const file of record.files ?? []) this.files.keep(file, record.seq);
    return this.#writer.append({ seq: record.seq, kind: 'entry', payload: record.payload });
  }

  appendIntent(record: { readonly seq: Seq; readonly payload: Buffer }): Promise<void> {
    return this.#writer.append({ seq: record.seq, kind: 'intent', payload: record.payload });
  }

  /**
   * After a failure: opens the file anew, cuts off what was never acknowledged, checks the
   * rest and takes appends again. Does nothing if all is well. Rejects log_unavailable while
   * the disk still fails, log_corrupt if an acknowledged record is damaged.
   */
  heal(): Promise<void> {
    return this.#writer.heal();
  }

  /** Stops for good and touches no file any more; what was on its way is of unknown outcome. */
  abandon(reason: string): void {
    this.#writer.abandon(reason);
  }

  /** May serve entries from memory or from the disk. */
  async read(from: Seq, limits: ReadLimits): Promise<LogRecord[]> {
    return this.#window.read(from, limits) ?? this.#reader.read(from, limits);
  }

  readCached(from: Seq, limits: ReadLimits): LogRecord[] | undefined {
    return this.#window.read(from, limits);
  }

  /** Checks all that is durable on the disk now, while the log goes on; see `verifyLog`. */
  verify(check: CheckRecord): Promise<LogReport> {
    const { fileSystem, folder } = this.#environment;
    const live = { segments: [...this.#segments], firstSeq: () => this.firstSeq };
    return verifyLog(folder, { fileSystem, check, live });
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
      if (faultPoints.armed) await faultPoints.reach('log.cutting');
      await fileSystem.unlink(dropped.path);
      if (faultPoints.armed) await faultPoints.reach('log.cut');
      this.#segments.shift();
      await fileSystem.syncFolder(folder);
    }
    await this.files.truncateBefore(this.firstSeq);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    await this.#truncating;
    await this.files.close();
    this.#reader.close();
    await this.#environment.lock.release();
  }
}
