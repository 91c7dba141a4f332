import { nextSeq, type Seq, seq as toSeq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { LogRecord } from './command-log.ts';
import { judgeTail } from './judge-tail.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFile } from './log-file-system.ts';
import type { StoredRecord } from './record-codec.ts';
import { type SegmentHeader, segmentHeaderBytes } from './segment-header.ts';
import { SegmentScanner } from './segment-scanner.ts';
import { SparseIndex } from './sparse-index.ts';

/** What the last segment of a log holds. Offsets in bytes. */
export interface Tail {
  readonly lastSeq: Seq;
  readonly index: SparseIndex;
  readonly entries: number;
  readonly intents: number;
  /** Where the valid records end, without the seal. */
  readonly dataEnd: number;
  /** `dataEnd`, or the end of the seal. */
  readonly validEnd: number;
  readonly sealed: boolean;
  /** Where the last batch begins: the only one that may not be on the disk yet. */
  readonly lastBatchStart: number;
  readonly trailingIntent: LogRecord | undefined;
  /** Why the record at `validEnd` is to be cut off; undefined if the file ends there. */
  readonly torn: string | undefined;
}

const scanChunkBytes = 4 * 1024 * 1024;

export interface TailOptions {
  /** Nothing behind it is looked at; default: the end of the file. */
  readonly end?: number;
  /** How much is read and checked at once; default 4 MiB. */
  readonly chunkBytes?: number;
  /** Throws LockstepError if what the record holds is not well. */
  readonly onRecord?: (record: LogRecord) => void;
}

/**
 * Checks every record of a segment in order, from its header to its end or to the first one
 * that cannot be read. Throws log_corrupt for a valid record in the wrong place.
 */
class SegmentWalk {
  readonly index: SparseIndex;
  readonly #path: string;
  readonly #onRecord: TailOptions['onRecord'];
  lastSeq: Seq;
  entries = 0;
  intents = 0;
  dataEnd = segmentHeaderBytes;
  validEnd = segmentHeaderBytes;
  lastBatchStart = segmentHeaderBytes;
  sealed = false;
  trailingIntent: LogRecord | undefined;

  constructor(path: string, header: SegmentHeader, onRecord: TailOptions['onRecord']) {
    this.#path = path;
    this.#onRecord = onRecord;
    this.lastSeq = toSeq(header.firstSeq - 1);
    this.index = new SparseIndex({ seq: header.firstSeq, offset: segmentHeaderBytes });
  }

  take(record: StoredRecord): void {
    const { kind, seq, offset } = record;
    const expected = kind === 'seal' ? this.lastSeq : nextSeq(this.lastSeq);
    if (this.sealed) throw new LogCorrupt(this.#path, offset, 'a record follows the seal');
    if (seq !== expected) {
      throw new LogCorrupt(this.#path, offset, `${kind} ${seq} stands where ${expected} should`);
    }
    this.validEnd = offset + record.bytes;
    this.lastBatchStart = record.batchStart;
    if (kind === 'seal') {
      this.sealed = true;
      return;
    }
    this.#lookInto({ kind, seq, payload: record.payload }, offset);
    this.dataEnd = this.validEnd;
    if (kind === 'entry') {
      this.entries++;
      this.lastSeq = seq;
      this.index.add(seq, offset);
      this.trailingIntent = undefined;
    } else {
      this.intents++;
      this.trailingIntent = { seq, kind, payload: record.payload };
    }
  }

  #lookInto(record: LogRecord, offset: number): void {
    try {
      this.#onRecord?.(record);
    } catch (error) {
      if (!(error instanceof LockstepError) || error.code !== 'log_corrupt') throw error;
      throw new LogCorrupt(this.#path, offset, error.message);
    }
  }
}

/**
 * Reads the whole last segment. Rejects log_corrupt if a record is damaged that a crash
 * cannot have torn; changes nothing on the disk.
 */
export async function recoverTail(
  file: LogFile,
  path: string,
  header: SegmentHeader,
  options: TailOptions = {},
): Promise<Tail> {
  const size = options.end ?? (await file.size());
  const { salt } = header;
  const walk = new SegmentWalk(path, header, options.onRecord);
  const chunkBytes = options.chunkBytes ?? scanChunkBytes;
  const range = { salt, start: segmentHeaderBytes, end: size, chunkBytes };
  const scanner = new SegmentScanner(file, range);
  do {
    for (let record = scanner.next(); record !== undefined; record = scanner.next()) {
      walk.take(record);
    }
  } while (scanner.bad === undefined && (await scanner.fill()));
  if (scanner.bad !== undefined) {
    const { offset } = scanner;
    const bytes = Buffer.allocUnsafeSlow(size - offset);
    const got = await file.read(bytes, offset);
    const tail = { bytes: bytes.subarray(0, got), offset, salt, lastSeq: walk.lastSeq };
    const verdict = walk.sealed
      ? ({ kind: 'corrupt', evidence: offset } as const)
      : judgeTail(tail);
    if (verdict.kind === 'corrupt') {
      const proof = walk.sealed ? 'after the seal' : `but the one at ${verdict.evidence} is whole`;
      throw new LogCorrupt(path, offset, `${scanner.bad}, ${proof}`);
    }
  }
  return {
    lastSeq: walk.lastSeq,
    index: walk.index,
    entries: walk.entries,
    intents: walk.intents,
    dataEnd: walk.dataEnd,
    validEnd: walk.validEnd,
    sealed: walk.sealed,
    lastBatchStart: walk.lastBatchStart,
    // The payload is a view into a large piece of the file.
    trailingIntent: copyOf(walk.trailingIntent),
    torn: scanner.bad,
  };
}

function copyOf(record: LogRecord | undefined): LogRecord | undefined {
  return record && { ...record, payload: Buffer.from(record.payload) };
}
