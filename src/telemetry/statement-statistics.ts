import type { NodeName } from '../base/brands.ts';
import { type Clock, toldMs } from '../base/clock.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { CountedReads, ObservedStatement } from './observed-statement.ts';
import { QueryDigests } from './query-digests.ts';
import { RefusedQueries } from './refused-queries.ts';
import type { SlowQuery } from './slow-query.ts';

const slowKept = 100;

export interface StatementStatisticsOptions {
  readonly clock: Clock;
  /** Asked for each statement, so that it can be changed while running; 0 for none. */
  readonly slowQueryMs: () => number;
  readonly digestsMax: number;
  readonly onSlow: (query: SlowQuery) => void;
}

/** What clients' statements took and what became of them. Recording one allocates nothing. */
export class StatementStatistics {
  /** What has a place in the log: until its client heard OK. */
  readonly writeTimes = new LatencyHistogram();
  readonly digests: QueryDigests;
  readonly refused: RefusedQueries;
  readonly #readTimes = new Map<NodeName, LatencyHistogram>();
  readonly #clock: Clock;
  readonly #options: StatementStatisticsOptions;
  /** The latest last. */
  readonly #slow: SlowQuery[] = [];
  #sinceMs: number;
  #errors = 0;
  #slowCount = 0;

  constructor(options: StatementStatisticsOptions) {
    const { clock, digestsMax } = options;
    this.#options = options;
    this.#clock = clock;
    this.#sinceMs = clock.wallMs();
    this.digests = new QueryDigests({ clock, digestsMax });
    this.refused = new RefusedQueries({ clock });
  }

  /** Since when digests, slow and refused statements are counted: milliseconds since 1970. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Statements that ended in an error, since the start. */
  get errors(): number {
    return this.#errors;
  }

  /** Statements that were slow, since the start. */
  get slowCount(): number {
    return this.#slowCount;
  }

  get slowQueryMs(): number {
    return this.#options.slowQueryMs();
  }

  /** The latest first. */
  get slow(): readonly SlowQuery[] {
    return this.#slow.toReversed();
  }

  /** What reads on this node took, in the words of their clients. */
  readTimes(node: NodeName): LatencyHistogram {
    let times = this.#readTimes.get(node);
    if (times === undefined) {
      times = new LatencyHistogram();
      this.#readTimes.set(node, times);
    }
    return times;
  }

  /** Returns whether it was slow: then `recordSlow` is to follow. */
  record(statement: ObservedStatement, nowMs: number): boolean {
    const { way, node, durationMs } = statement;
    if (way === 'write') this.writeTimes.record(durationMs);
    else if (way === 'read' && node !== undefined) this.readTimes(node).record(durationMs);
    if (statement.failed) this.#errors += 1;
    this.digests.record(statement, nowMs);
    const slowMs = this.#options.slowQueryMs();
    return slowMs > 0 && durationMs >= slowMs;
  }

  /** Reads that were answered elsewhere; slow ones are recorded beside that. */
  addReads(reads: CountedReads, nowMs: number): void {
    this.readTimes(reads.node).add(reads.times);
    this.digests.addReads(reads, nowMs);
  }

  recordSlow(query: Omit<SlowQuery, 'atMs'>): void {
    const durationMs = toldMs(query.durationMs);
    const slow = { atMs: this.#clock.wallMs(), ...query, durationMs };
    this.#slowCount += 1;
    this.#slow.push(slow);
    if (this.#slow.length > slowKept) this.#slow.shift();
    this.#options.onSlow(slow);
  }

  /** Digests, slow and refused statements begin anew; counters and histograms never do. */
  reset(): void {
    this.digests.clear();
    this.refused.clear();
    this.#slow.length = 0;
    this.#sinceMs = this.#clock.wallMs();
  }
}
