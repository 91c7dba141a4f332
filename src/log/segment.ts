import { join } from 'node:path';
import type { Seq } from '../base/brands.ts';
import { seq as toSeq } from '../base/brands.ts';
import { type SegmentHeader, segmentHeaderBytes } from './segment-header.ts';
import { segmentName } from './segment-name.ts';
import { SparseIndex } from './sparse-index.ts';

/** What is known of one segment file: what is durable in it and where. */
export class Segment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly index: SparseIndex;
  /** firstSeq - 1 while there is no entry. */
  #lastSeq: Seq;
  /** Where the durable records end; nothing behind it is ever shown. */
  #dataEnd: number;
  /** The records and, in a closed segment, its seal. */
  #sizeBytes: number;

  constructor(
    folder: string,
    header: SegmentHeader,
    content: {
      readonly lastSeq: Seq;
      readonly dataEnd: number;
      readonly sizeBytes: number;
      readonly index: SparseIndex;
    },
  ) {
    this.path = join(folder, segmentName(header.firstSeq));
    this.header = header;
    this.index = content.index;
    this.#lastSeq = content.lastSeq;
    this.#dataEnd = content.dataEnd;
    this.#sizeBytes = content.sizeBytes;
  }

  static empty(folder: string, header: SegmentHeader): Segment {
    return new Segment(folder, header, {
      lastSeq: toSeq(header.firstSeq - 1),
      dataEnd: segmentHeaderBytes,
      sizeBytes: segmentHeaderBytes,
      index: new SparseIndex({ seq: header.firstSeq, offset: segmentHeaderBytes }),
    });
  }

  get firstSeq(): Seq {
    return this.header.firstSeq;
  }

  get lastSeq(): Seq {
    return this.#lastSeq;
  }

  get hasEntries(): boolean {
    return this.#lastSeq >= this.header.firstSeq;
  }

  get dataEnd(): number {
    return this.#dataEnd;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** More records are durable. */
  extend(lastSeq: Seq, dataEnd: number): void {
    this.#lastSeq = lastSeq;
    this.#dataEnd = dataEnd;
    this.#sizeBytes = dataEnd;
  }

  /** The seal is durable: nothing is added any more. */
  close(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }
}
