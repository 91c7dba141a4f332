import { join } from 'node:path';
import { assert } from '../base/assert.ts';
import { faultPoints } from '../base/fault-points.ts';
import { nextSeq, type Seq } from '../base/brands.ts';
import { confirmed, createSegment, unfinishedSuffix } from './create-whole.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFile, LogFileSystem } from './log-file-system.ts';
import { encodeRecord, type RawRecord, recordHeaderBytes } from './record-codec.ts';
import { Segment } from './segment.ts';
import { type SegmentHeader, segmentHeaderBytes } from './segment-header.ts';
import { segmentName } from './segment-name.ts';
import { SegmentScanner } from './segment-scanner.ts';
import { encodeSeal } from './segment-seal.ts';

const scanChunkBytes = 4 * 1024 * 1024;
const keptBufferBytesMax = 4 * 1024 * 1024;

/**
 * The one segment that is written to. In memory it moves on only when the disk has confirmed;
 * after any failure `restore` brings the disk back to what is in memory.
 */
export class ActiveSegment {
  readonly segment: Segment;
  readonly #fileSystem: LogFileSystem;
  readonly #folder: string;
  #file: LogFile;
  /** Reused: there is one batch at a time. */
  #buffer: Buffer = Buffer.alloc(0);

  constructor(
    place: { readonly fileSystem: LogFileSystem; readonly folder: string },
    segment: Segment,
    file: LogFile,
  ) {
    this.#fileSystem = place.fileSystem;
    this.#folder = place.folder;
    this.segment = segment;
    this.#file = file;
  }

  /** Writes the records as one batch; they are durable when it resolves. */
  async write(records: readonly RawRecord[]): Promise<void> {
    const batchStart = this.segment.dataEnd;
    const bytes = this.#encode(records, batchStart);
    await this.#file.writeThrough(bytes, batchStart);
    if (faultPoints.armed) await faultPoints.reach('log.written');
    let offset = batchStart;
    let lastSeq = this.segment.lastSeq;
    for (const record of records) {
      if (record.kind === 'entry') {
        lastSeq = record.seq;
        this.segment.index.add(record.seq, offset);
      }
      offset += recordHeaderBytes + record.payload.length;
    }
    this.segment.extend(lastSeq, offset);
  }

  #encode(records: readonly RawRecord[], batchStart: number): Buffer {
    let size = 0;
    for (const record of records) size += recordHeaderBytes + record.payload.length;
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(size);
    const buffer = this.#buffer;
    if (size > keptBufferBytesMax) this.#buffer = Buffer.alloc(0);
    const place = { salt: this.segment.header.salt, batchStart };
    let at = 0;
    for (const record of records) at = encodeRecord(buffer, at, record, place);
    assert(at === size, 'a batch fills its buffer');
    return buffer.subarray(0, size);
  }

  /** Closes this segment with its seal and begins the next one. */
  async roll(header: SegmentHeader): Promise<ActiveSegment> {
    const { segment } = this;
    assert(segment.hasEntries, 'a segment without entries is not closed');
    assert(header.firstSeq === nextSeq(segment.lastSeq), 'segments follow each other');
    if (faultPoints.armed) await faultPoints.reach('log.full');
    const seal = encodeSeal(segment.header, {
      lastSeq: segment.lastSeq,
      index: segment.index,
      offset: segment.dataEnd,
    });
    // Everything in it is durable before there is a next one: recovery relies on it.
    await this.#file.writeThrough(seal, segment.dataEnd);
    if (faultPoints.armed) await faultPoints.reach('log.sealed');
    const file = await createSegment(this.#fileSystem, this.#folder, header);
    if (faultPoints.armed) await faultPoints.reach('log.rolled');
    segment.close(segment.dataEnd + seal.length);
    await this.#file.close().catch(() => undefined);
    const place = { fileSystem: this.#fileSystem, folder: this.#folder };
    return new ActiveSegment(place, Segment.empty(this.#folder, header), file);
  }

  /**
   * Removes from the disk whatever a failed `write` or `roll` has left there, durably: when it
   * resolves, no record of the failed batch can come back after a crash.
   */
  async restore(): Promise<void> {
    if (this.segment.hasEntries) await this.#removeSuccessor(nextSeq(this.segment.lastSeq));
    await this.#file.truncate(this.segment.dataEnd);
    await confirmed(this.#file.syncAll());
  }

  async #removeSuccessor(firstSeq: Seq): Promise<void> {
    const name = segmentName(firstSeq);
    const names = await this.#fileSystem.list(this.#folder);
    for (const found of [name + unfinishedSuffix, name]) {
      if (names.includes(found)) await this.#fileSystem.unlink(join(this.#folder, found));
    }
    // Also if it is not there: an earlier attempt may have failed to sync the removal, and a
    // successor that comes back needs the seal that is cut off next.
    await confirmed(this.#fileSystem.syncFolder(this.#folder));
  }

  /** Opens the file anew, restores it, and checks every record that was ever confirmed. */
  async heal(): Promise<void> {
    const reopened = await this.#fileSystem.open(this.segment.path, 'read_write');
    await this.#file.close().catch(() => undefined);
    this.#file = reopened;
    const { dataEnd, header } = this.segment;
    if ((await reopened.size()) < dataEnd) {
      throw new LogCorrupt(this.segment.path, dataEnd, 'the file is shorter than what was written');
    }
    await this.restore();
    const scanner = new SegmentScanner(reopened, {
      salt: header.salt,
      start: segmentHeaderBytes,
      end: dataEnd,
      chunkBytes: scanChunkBytes,
    });
    do {
      while (scanner.next() !== undefined);
      if (scanner.bad !== undefined) {
        throw new LogCorrupt(this.segment.path, scanner.offset, scanner.bad);
      }
    } while (await scanner.fill());
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
