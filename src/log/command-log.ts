import type { Seq } from '../base/brands.ts';
import type { LoadFile } from './load-file.ts';

/**
 * One durable record. An `entry` is a committed transaction and takes a place in the total
 * order. An `intent` announces that the entry of the same seq is about to be executed (DDL);
 * it takes no place of its own.
 */
export interface LogRecord {
  readonly seq: Seq;
  readonly kind: 'entry' | 'intent';
  readonly payload: Buffer;
}

/** An entry to be appended. */
export interface EntryRecord {
  readonly seq: Seq;
  readonly payload: Buffer;
  /** Those that it names, received before: they are kept as long as the entry. */
  readonly files?: readonly LoadFile[];
}

/** Both bounds hold together; the first record is returned however large it is. */
export interface ReadLimits {
  readonly entriesMax: number;
  /** Sum of the payloads' lengths, bytes. */
  readonly bytesMax: number;
}

/** The durable, ordered store of entries: an entry that is durably in it is committed. */
export interface CommandLog {
  /** Lowest entry kept; `lastSeq + 1` when the log is empty. */
  readonly firstSeq: Seq;
  /** Highest durable entry; 0 in a new log. */
  readonly lastSeq: Seq;
  /**
   * The seq that the next `append` or `appendIntent` must carry: one more than the highest
   * accepted entry, durable or still on its way. Falls back to `lastSeq + 1` when appends
   * are rejected.
   */
  readonly nextSeq: Seq;
  /** The intent at the very end of the log, of seq `lastSeq + 1`; undefined after an entry. */
  readonly trailingIntent: LogRecord | undefined;
  /**
   * Resolves when the entry is durable. Calls resolve in the order they were made. `seq` must
   * be `nextSeq` (AssertionFailure). The payload must not be changed afterwards.
   * Rejects `LogUnavailable` (code log_unavailable); every append accepted after a rejected
   * one is rejected as well, so that there is never a gap.
   */
  append(record: EntryRecord): Promise<void>;
  /** As `append`, for an intent; does not move `lastSeq` or `nextSeq`. */
  appendIntent(record: { readonly seq: Seq; readonly payload: Buffer }): Promise<void>;
  /**
   * Durable entries from `from` on, in order, without gaps; empty only if `from > lastSeq`.
   * Rejects not_found when `from` was truncated away, log_corrupt when a record is damaged.
   */
  read(from: Seq, limits: ReadLimits): Promise<LogRecord[]>;
  /** As `read`, at once, if the recent entries kept in memory go back to `from`. */
  readCached(from: Seq, limits: ReadLimits): LogRecord[] | undefined;
  /** Drops what can be dropped of the entries before `seq`; never more. */
  truncateBefore(seq: Seq): Promise<void>;
  /** Bytes on disk. */
  readonly sizeBytes: number;
  /** Waits for what was accepted, then lets go of the store. */
  close(): Promise<void>;
}
