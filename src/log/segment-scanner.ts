import { decodeRecord, recordHeaderBytes, type StoredRecord } from './record-codec.ts';
import type { LogFile } from './log-file-system.ts';

/**
 * Reads records one after the other in large pieces. Use: `next()` until it gives nothing;
 * then `bad` says whether a damaged record is in the way, and `fill()` gets the next piece.
 * Payloads are views into the piece that was read.
 */
export class SegmentScanner {
  readonly #file: LogFile;
  readonly #salt: number;
  readonly #end: number;
  readonly #chunkBytes: number;
  #chunk: Buffer = Buffer.alloc(0);
  /** Offset of the chunk in the file. */
  #base: number;
  /** Where in the chunk the next record begins. */
  #at = 0;
  #needBytes = recordHeaderBytes;
  #bad: string | undefined;

  /** Reads `[start, end)` of the file, `chunkBytes` at a time (more for a larger record). */
  constructor(
    file: LogFile,
    range: {
      readonly salt: number;
      readonly start: number;
      readonly end: number;
      readonly chunkBytes: number;
    },
  ) {
    this.#file = file;
    this.#salt = range.salt;
    this.#base = range.start;
    this.#end = range.end;
    this.#chunkBytes = range.chunkBytes;
  }

  /** Where the next record begins, bytes in the file. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Why the record at `offset` cannot be read; undefined if there is no such trouble. */
  get bad(): string | undefined {
    return this.#bad;
  }

  next(): StoredRecord | undefined {
    if (this.#bad !== undefined) return undefined;
    const place = { salt: this.#salt, base: this.#base };
    const decoded = decodeRecord(this.#chunk, this.#at, place);
    if (decoded.kind === 'record') {
      this.#at += decoded.record.bytes;
      this.#needBytes = recordHeaderBytes;
      return decoded.record;
    }
    if (decoded.kind === 'bad') {
      this.#bad = decoded.reason;
      return undefined;
    }
    this.#needBytes = decoded.bytes;
    const left = this.#end - this.offset;
    if (left > 0 && left < decoded.bytes) this.#bad = 'the record is cut short';
    return undefined;
  }

  /** Gets the next piece; false at the end of the range. */
  async fill(): Promise<boolean> {
    const start = this.offset;
    const left = this.#end - start;
    if (left <= 0) return false;
    const chunk = Buffer.allocUnsafeSlow(
      Math.min(left, Math.max(this.#chunkBytes, this.#needBytes)),
    );
    const got = await this.#file.read(chunk, start);
    this.#chunk = chunk.subarray(0, got);
    this.#base = start;
    this.#at = 0;
    if (got < chunk.length) this.#bad = 'the file ends before its records do';
    return true;
  }
}
