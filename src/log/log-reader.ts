import { type Seq, nextSeq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { LogRecord, ReadLimits } from './command-log.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFile, LogFileSystem } from './log-file-system.ts';
import { OpenFiles } from './open-files.ts';
import { recordHeaderBytes } from './record-codec.ts';
import type { Segment } from './segment.ts';
import { segmentHeaderBytes } from './segment-header.ts';
import { SegmentScanner } from './segment-scanner.ts';

const openFilesMax = 16;
const hintsMax = 64;
const chunkBytesMin = 16 * 1024;
const chunkBytesMax = 4 * 1024 * 1024;

/** What one read has gathered so far. */
class Gathered {
  readonly records: LogRecord[] = [];
  readonly limits: ReadLimits;
  #bytes = 0;

  constructor(limits: ReadLimits) {
    this.limits = limits;
  }

  /** False if the record no longer fits. */
  add(record: LogRecord): boolean {
    const bytes = this.#bytes + record.payload.length;
    if (this.records.length > 0 && bytes > this.limits.bytesMax) return false;
    this.#bytes = bytes;
    this.records.push(record);
    return true;
  }

  get full(): boolean {
    return this.records.length >= this.limits.entriesMax || this.#bytes >= this.limits.bytesMax;
  }

  /** How much of the segment to read at once: about as much as is still wanted. */
  chunkBytes(segment: Segment): number {
    const entries = Math.max(1, segment.lastSeq - segment.firstSeq + 1);
    const average = (segment.dataEnd - segmentHeaderBytes) / entries;
    const entriesLeft = Math.max(1, this.limits.entriesMax - this.records.length);
    const overhead = entriesLeft * recordHeaderBytes;
    const wanted = Math.min(
      entriesLeft * average * 1.25,
      this.limits.bytesMax - this.#bytes + overhead,
    );
    return Math.ceil(Math.min(chunkBytesMax, Math.max(chunkBytesMin, wanted)));
  }
}

/** Serves entries from the segment files; sees only what is durable. */
export class LogReader {
  /** Ascending and without gaps; owned by the log. */
  readonly #segments: readonly Segment[];
  readonly #files: OpenFiles;
  /** Where readers stopped, by the seq they will ask for next: catching up never seeks. */
  readonly #hints = new Map<Seq, { readonly path: string; readonly offset: number }>();

  constructor(fileSystem: LogFileSystem, segments: readonly Segment[]) {
    this.#files = new OpenFiles(fileSystem, { countMax: openFilesMax });
    this.#segments = segments;
  }

  async read(from: Seq, limits: ReadLimits): Promise<LogRecord[]> {
    const gathered = new Gathered(limits);
    let next = from;
    for (;;) {
      const segment = this.#find(next);
      if (next > segment.lastSeq) break;
      const wanted = next;
      const stop = await this.#files
        .use(segment.path, (file) => this.#readSegment(file, segment, wanted, gathered))
        .catch((error: unknown) => this.#explain(error, wanted));
      next = stop.next;
      if (stop.full) break;
    }
    return gathered.records;
  }

  /** The last segment that begins at or before `seq`. */
  #find(seq: Seq): Segment {
    if (seq < this.#segments[0]!.firstSeq) throw this.#truncated(seq);
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#segments[middle]!.firstSeq <= seq) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low]!;
  }

  async #readSegment(
    file: LogFile,
    segment: Segment,
    from: Seq,
    gathered: Gathered,
  ): Promise<{ next: Seq; full: boolean }> {
    const { lastSeq, dataEnd, path } = segment;
    const scanner = new SegmentScanner(file, {
      salt: segment.header.salt,
      start: this.#startOf(segment, from),
      end: dataEnd,
      chunkBytes: gathered.chunkBytes(segment),
    });
    let expected: Seq | undefined;
    let next = from;
    do {
      for (let record = scanner.next(); record !== undefined; record = scanner.next()) {
        if (record.kind === 'intent') continue;
        if (
          record.kind !== 'entry' ||
          (expected ?? record.seq) !== record.seq ||
          record.seq > next
        ) {
          throw new LogCorrupt(
            path,
            record.offset,
            `entry ${expected ?? next} is not in its place`,
          );
        }
        expected = nextSeq(record.seq);
        if (record.seq < next) continue;
        if (!gathered.add({ seq: record.seq, kind: 'entry', payload: record.payload })) {
          this.#remember(next, path, record.offset);
          return { next, full: true };
        }
        next = nextSeq(next);
        if (!gathered.full) continue;
        this.#remember(next, path, scanner.offset);
        return { next, full: true };
      }
      if (scanner.bad !== undefined) throw new LogCorrupt(path, scanner.offset, scanner.bad);
    } while (await scanner.fill());
    if (next <= lastSeq) throw new LogCorrupt(path, scanner.offset, `entry ${next} is missing`);
    this.#remember(next, path, scanner.offset);
    return { next, full: false };
  }

  #startOf(segment: Segment, from: Seq): number {
    const hint = this.#hints.get(from);
    return hint?.path === segment.path ? hint.offset : segment.index.floor(from);
  }

  #remember(next: Seq, path: string, offset: number): void {
    this.#hints.delete(next);
    this.#hints.set(next, { path, offset });
    if (this.#hints.size <= hintsMax) return;
    for (const oldest of this.#hints.keys()) {
      this.#hints.delete(oldest);
      return;
    }
  }

  /** A file that vanished under a reader was truncated away. */
  #explain(error: unknown, seq: Seq): never {
    if (seq < this.#segments[0]!.firstSeq) throw this.#truncated(seq);
    throw error;
  }

  #truncated(seq: Seq): LockstepError {
    const first = this.#segments[0]!.firstSeq;
    return new LockstepError(
      'not_found',
      `Entry ${seq} is no longer in the command log; it begins at ${first}.`,
    );
  }

  /** The segment's file is about to go. */
  forget(segment: Segment): void {
    this.#files.forget(segment.path);
  }

  close(): void {
    this.#files.close();
  }
}
