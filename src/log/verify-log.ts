import { join, resolve as absolutePath } from 'node:path';
import { nextSeq, noSeq, type Seq, seq as toSeq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import { clusterFileName, readClusterFile } from './cluster-file.ts';
import type { LogRecord } from './command-log.ts';
import { checkChain, readClosedSegment, readHeader, segmentsAmong } from './list-segments.ts';
import type { LoadFile } from './load-file.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFileSystem } from './log-file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { recoverTail, type Tail } from './recover-tail.ts';
import { Segment } from './segment.ts';
import { segmentName } from './segment-name.ts';
import { type FilesReport, type NamedFile, verifyLoadFiles } from './verify-load-files.ts';

/** What is not as it was written. Only the first of each file is told. */
export interface LogProblem {
  readonly file: string;
  /** Bytes. */
  readonly offset: number;
  readonly reason: string;
}

export interface LogReport {
  readonly segments: number;
  readonly entries: number;
  readonly intents: number;
  /** 0 and 0 if there is no entry. */
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly sizeBytes: number;
  /** An interrupted write at the very end, which opening the log would cut off. */
  readonly torn: { readonly file: string; readonly offset: number } | undefined;
  readonly problems: readonly LogProblem[];
  /** Files that entries load. */
  readonly files: FilesReport;
}

/** Looks into what a record holds, and tells the files that it loads. */
export type CheckRecord = (record: LogRecord) => readonly LoadFile[];

export interface VerifyOptions {
  readonly fileSystem?: LogFileSystem;
  /** Throws LockstepError if what a record holds is not well. */
  readonly check?: CheckRecord;
  /** The log is being written to: only what is durable of it now is looked at. */
  readonly live?: LiveLog;
}

/** What a running balancer knows of its log. */
export interface LiveLog {
  readonly segments: readonly Segment[];
  /** The files before this entry have been dropped meanwhile. */
  readonly firstSeq: () => Seq;
}

/** One segment and what is to be read of it. */
interface Subject {
  readonly firstSeq: Seq;
  /** It is followed by another, so it ends with its seal. */
  readonly closed: boolean;
  /** Where its durable records end, if it is being written to. */
  readonly end: number | undefined;
}

/** A log that is in use is read in pieces that hold nobody up. */
const liveChunkBytes = 256 * 1024;

/**
 * Reads every record of every segment, changes nothing and takes no lock: checksums, seqs
 * without a gap, seals, that no segment is missing, and the files that entries load. Rejects
 * config_invalid if the folder holds no log, `LogTooNew` if a newer version wrote it.
 */
export async function verifyLog(folder: string, options: VerifyOptions = {}): Promise<LogReport> {
  const verification = new Verification(absolutePath(folder), options);
  await verification.run();
  return verification.report();
}

class Verification {
  readonly #folder: string;
  readonly #options: VerifyOptions;
  readonly #fileSystem: LogFileSystem;
  readonly #problems: LogProblem[] = [];
  readonly #named = new Map<string, NamedFile>();
  #files: FilesReport = { files: 0, sizeBytes: 0, unnamed: [] };
  #sum = { segments: 0, entries: 0, intents: 0, firstSeq: noSeq, lastSeq: noSeq, sizeBytes: 0 };
  #torn: LogReport['torn'];

  constructor(folder: string, options: VerifyOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem();
  }

  report(): LogReport {
    return { ...this.#sum, torn: this.#torn, problems: this.#problems, files: this.#files };
  }

  async run(): Promise<void> {
    const names = await this.#list();
    const clusterId = await this.#clusterId(names);
    const subjects = this.#subjects(names);
    if (subjects.length === 0) {
      if (!names.includes(clusterFileName)) throw notALog(this.#folder);
      const file = join(this.#folder, segmentName(toSeq(1)));
      this.#problems.push({ file, offset: 0, reason: 'every segment is missing' });
    }
    let before: Segment | undefined;
    for (const subject of subjects) {
      const path = join(this.#folder, segmentName(subject.firstSeq));
      const found = await this.#guarded(subject, path, () => {
        checkChain(before, subject.firstSeq, this.#folder);
        return this.#verify(subject, path, clusterId);
      });
      if (found === 'gone') continue;
      this.#sum.segments++;
      // What is behind a damaged segment is checked too, if its seal tells where it ends.
      before = found ?? (await this.#bySeal(subject, clusterId));
    }
    this.#files = await verifyLoadFiles({
      ...{ fileSystem: this.#fileSystem, folder: this.#folder, named: this.#named },
      neededFrom: this.#options.live?.firstSeq,
      onProblem: (error, path) => this.#problems.push(problemOf(error, path)),
    });
  }

  #check(record: LogRecord): void {
    for (const file of this.#options.check?.(record) ?? []) {
      if (!this.#named.has(file.id)) this.#named.set(file.id, { ...file, seq: record.seq });
    }
  }

  async #list(): Promise<string[]> {
    try {
      return await this.#fileSystem.list(this.#folder);
    } catch (cause) {
      throw notALog(this.#folder, cause);
    }
  }

  async #clusterId(names: readonly string[]): Promise<string | undefined> {
    if (!names.includes(clusterFileName)) return undefined;
    const path = join(this.#folder, clusterFileName);
    const read = (): Promise<string> =>
      readClusterFile(this.#fileSystem, this.#folder).then(({ clusterId }) => clusterId);
    const found = await this.#guarded(undefined, path, read);
    return found === 'gone' ? undefined : found;
  }

  #subjects(names: readonly string[]): Subject[] {
    const { live } = this.#options;
    const firstSeqs = live?.segments.map(({ firstSeq }) => firstSeq) ?? segmentsAmong(names);
    return firstSeqs.map((firstSeq, at) => {
      const closed = at < firstSeqs.length - 1;
      return { firstSeq, closed, end: closed ? undefined : live?.segments[at]?.dataEnd };
    });
  }

  /** Notes what is wrong; `gone` if the file was dropped because nobody needs it any more. */
  async #guarded<T>(
    subject: Subject | undefined,
    path: string,
    work: () => Promise<T>,
  ): Promise<T | 'gone' | undefined> {
    try {
      return await work();
    } catch (error) {
      const { live } = this.#options;
      if (live && subject && subject.firstSeq < live.firstSeq()) return 'gone';
      this.#problems.push(problemOf(error, path));
      return undefined;
    }
  }

  async #verify(subject: Subject, path: string, clusterId: string | undefined): Promise<Segment> {
    const { firstSeq, closed, end } = subject;
    const { live } = this.#options;
    const file = await this.#fileSystem.open(path, 'read');
    try {
      const header = await readHeader(file, path, { firstSeq, clusterId });
      const size = await file.size();
      if (end !== undefined && size < end) {
        throw new LogCorrupt(path, size, `the file ends, but ${end} bytes of it were written`);
      }
      const tail = await recoverTail(file, path, header, {
        ...(end === undefined ? {} : { end }),
        onRecord: (record) => this.#check(record),
        ...(live === undefined ? {} : { chunkBytes: liveChunkBytes }),
      });
      const sizeBytes = end ?? size;
      const { lastSeq, dataEnd, index } = tail;
      const segment = new Segment(this.#folder, header, { lastSeq, dataEnd, index, sizeBytes });
      this.#count(segment, tail);
      if (closed) await this.#checkSeal(segment, tail);
      if (tail.torn !== undefined) this.#judgeTorn(subject, path, tail);
      return segment;
    } finally {
      await file.close();
    }
  }

  #count(segment: Segment, { entries, intents, lastSeq }: Tail): void {
    const sum = this.#sum;
    sum.entries += entries;
    sum.intents += intents;
    sum.sizeBytes += segment.sizeBytes;
    if (entries === 0) return;
    if (sum.firstSeq === noSeq) sum.firstSeq = segment.firstSeq;
    sum.lastSeq = lastSeq;
  }

  /** In a segment that others follow, and before what is known to be durable, nothing is torn. */
  #judgeTorn({ closed, end }: Subject, path: string, { validEnd, torn = '' }: Tail): void {
    if (closed || end !== undefined) throw new LogCorrupt(path, validEnd, torn);
    this.#torn = { file: path, offset: validEnd };
  }

  /** The seal must tell the truth. */
  async #checkSeal({ header, path }: Segment, tail: Tail): Promise<void> {
    if (tail.torn !== undefined) return;
    const { firstSeq, clusterId } = header;
    const sealed = await readClosedSegment(this.#fileSystem, this.#folder, { firstSeq, clusterId });
    if (sealed.lastSeq === tail.lastSeq && sealed.dataEnd === tail.dataEnd) return;
    const reason = `the seal tells of ${nextSeq(sealed.lastSeq) - firstSeq} entries`;
    throw new LogCorrupt(path, tail.dataEnd, `${reason}, there are ${tail.entries}`);
  }

  async #bySeal(
    { firstSeq, closed }: Subject,
    clusterId: string | undefined,
  ): Promise<Segment | undefined> {
    if (!closed) return undefined;
    const read = readClosedSegment(this.#fileSystem, this.#folder, { firstSeq, clusterId });
    return read.catch(() => undefined);
  }
}

/** Anything but damage and what the system refuses is no finding: the check itself has failed. */
function problemOf(error: unknown, path: string): LogProblem {
  if (error instanceof LogCorrupt) {
    const { file, offset, reason } = error;
    return { file, offset, reason };
  }
  const isSystems = error instanceof Error && 'code' in error && !(error instanceof LockstepError);
  if (!isSystems) throw error;
  return { file: path, offset: 0, reason: `it cannot be read: ${error.message}` };
}

function notALog(folder: string, cause?: unknown): LockstepError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new LockstepError('config_invalid', `${folder} holds no command log${why}`, { cause });
}
