import type { Seq } from '../base/brands.ts';
import type { Entry } from './entry.ts';

/** Where appliers get durable entries from, in order. */
export interface EntrySource {
  /** Highest durable seq. */
  readonly lastDurable: Seq;
  /** Highest seq that was given out: those behind `lastDurable` are on their way to the disk. */
  readonly lastAppended: Seq;
  /** Durable entries from `from` on, without waiting, if they are still in memory. */
  readCached(from: Seq, limits: ReadLimits): readonly Entry[] | undefined;
  read(from: Seq, limits: ReadLimits): Promise<readonly Entry[]>;
}

export interface ReadLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}
