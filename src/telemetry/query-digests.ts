import { createHash } from 'node:crypto';
import type { NodeName } from '../base/brands.ts';
import { type Clock, toldMs } from '../base/clock.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { CountedReads, ObservedStatement } from './observed-statement.ts';

/** All executions of statements that differ in nothing but their literals. */
export interface QueryDigest {
  /** 16 hexadecimal digits. */
  readonly digest: string;
  readonly sql: string;
  readonly kind: string;
  readonly count: number;
  readonly errors: number;
  /** Returned or changed. */
  readonly rows: number;
  readonly totalMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How many ran on each. */
  readonly nodes: ReadonlyMap<NodeName, number>;
  /** Milliseconds since 1970. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

class Tally {
  readonly kind: string;
  readonly times: LatencyHistogram;
  readonly nodes = new Map<NodeName, number>();
  readonly firstMs: number;
  lastMs = 0;
  errors = 0;
  rows = 0;
  maxMs = 0;

  constructor(kind: string, times: LatencyHistogram, firstMs: number) {
    this.kind = kind;
    this.times = times;
    this.firstMs = firstMs;
  }
}

/**
 * What is known of each form of statement. At most `digestsMax` are kept: the one that was not
 * used for longest makes place for a new one. Each takes 2 KB, most of it for its times.
 */
export class QueryDigests {
  readonly #tallies = new Map<string, Tally>();
  readonly #digestsMax: number;
  readonly #clock: Clock;
  #forgotten = 0;

  constructor(options: { readonly clock: Clock; readonly digestsMax: number }) {
    this.#clock = options.clock;
    this.#digestsMax = Math.max(1, options.digestsMax);
  }

  get size(): number {
    return this.#tallies.size;
  }

  /** How many made place for others since the start or the last `clear`. */
  get forgotten(): number {
    return this.#forgotten;
  }

  record(statement: ObservedStatement, nowMs: number): void {
    const tally = this.#tallies.get(statement.normalised) ?? this.#create(statement, nowMs);
    tally.times.record(statement.durationMs);
    tally.lastMs = nowMs;
    tally.rows += statement.rows;
    if (statement.failed) tally.errors += 1;
    if (statement.durationMs > tally.maxMs) tally.maxMs = statement.durationMs;
    const { node } = statement;
    if (node !== undefined) tally.nodes.set(node, (tally.nodes.get(node) ?? 0) + 1);
  }

  /** Many reads of one form, on one node, at once. */
  addReads(reads: CountedReads, nowMs: number): void {
    const { normalised, node, rows, maxMs, times } = reads;
    const kind = 'read';
    const tally = this.#tallies.get(normalised) ?? this.#create({ normalised, kind }, nowMs);
    tally.times.add(times);
    tally.lastMs = nowMs;
    tally.rows += rows;
    tally.maxMs = Math.max(tally.maxMs, maxMs);
    tally.nodes.set(node, (tally.nodes.get(node) ?? 0) + times.count);
  }

  #create(statement: Pick<ObservedStatement, 'normalised' | 'kind'>, nowMs: number): Tally {
    const { normalised, kind } = statement;
    const full = this.#tallies.size >= this.#digestsMax;
    const tally = new Tally(kind, full ? this.#forget() : new LatencyHistogram(), nowMs);
    this.#tallies.set(normalised, tally);
    return tally;
  }

  /** Of the one that was not used for longest; returns its emptied histogram, to be used anew. */
  #forget(): LatencyHistogram {
    let oldestKey = '';
    let oldest: Tally | undefined;
    for (const [key, tally] of this.#tallies) {
      if (oldest && oldest.lastMs <= tally.lastMs) continue;
      oldest = tally;
      oldestKey = key;
    }
    this.#tallies.delete(oldestKey);
    this.#forgotten += 1;
    if (!oldest) return new LatencyHistogram();
    oldest.times.clear();
    return oldest.times;
  }

  clear(): void {
    this.#tallies.clear();
    this.#forgotten = 0;
  }

  list(): QueryDigest[] {
    const bootMs = this.#clock.wallMs() - this.#clock.nowMs();
    return [...this.#tallies].map(([normalised, tally]) => {
      const { kind, times, errors, rows, maxMs, nodes } = tally;
      // The bucket that holds a quantile may reach beyond the longest.
      const quantile = (share: number): number =>
        toldMs(Math.min(times.quantile(share) ?? 0, maxMs));
      return {
        digest: digestOf(normalised),
        sql: asText(normalised),
        kind,
        count: times.count,
        errors,
        rows,
        totalMs: toldMs(times.totalMs),
        p50Ms: quantile(0.5),
        p95Ms: quantile(0.95),
        p99Ms: quantile(0.99),
        maxMs: toldMs(maxMs),
        nodes: new Map(nodes),
        firstSeenMs: bootMs + tally.firstMs,
        lastSeenMs: bootMs + tally.lastMs,
      };
    });
  }
}

/** The name of all statements with this normalised text. */
export const digestOf = (normalised: string): string =>
  createHash('sha256').update(normalised, 'latin1').digest('hex').slice(0, 16);

/** Statements are binary strings; what people see is nearly always UTF-8. */
export const asText = (binary: string): string => Buffer.from(binary, 'latin1').toString('utf8');
