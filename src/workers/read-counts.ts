import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import { LatencyHistogram } from '../telemetry/latency-histogram.ts';
import type { CountedReads } from '../telemetry/observed-statement.ts';
import type { ReadReport, SlowRead } from './messages.ts';

/** So many are told of in one report; the others are counted all the same. */
const slowMax = 1000;

class Count implements CountedReads {
  readonly normalised: string;
  readonly node: NodeName;
  readonly times = new LatencyHistogram();
  rows = 0;
  maxMs = 0;

  constructor(normalised: string, node: NodeName) {
    this.normalised = normalised;
    this.node = node;
  }
}

/** What a worker has answered since it last told the main process. */
export class ReadCounts {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Map<NodeName, Count>>();
  readonly #active = new Map<number, number>();
  #slow: SlowRead[] = [];
  slowQueryMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(normalised: string, read: SlowRead): void {
    const { id, node, rows, durationMs } = read;
    let nodes = this.#counts.get(normalised);
    if (!nodes) {
      nodes = new Map();
      this.#counts.set(normalised, nodes);
    }
    let count = nodes.get(node);
    if (!count) {
      count = new Count(normalised, node);
      nodes.set(node, count);
    }
    count.times.record(durationMs);
    count.rows += rows;
    if (durationMs > count.maxMs) count.maxMs = durationMs;
    this.#active.set(id, this.#clock.nowMs());
    const isSlow = this.slowQueryMs > 0 && durationMs >= this.slowQueryMs;
    if (isSlow && this.#slow.length < slowMax) this.#slow.push({ ...read });
  }

  /** Undefined when there is nothing to tell. */
  take(): ReadReport | undefined {
    if (this.#counts.size === 0) return undefined;
    const nowMs = this.#clock.nowMs();
    const reads = [...this.#counts.values()].flatMap((nodes) =>
      [...nodes.values()].map(({ normalised, node, rows, maxMs, times }) => {
        const { counts, count, totalMs } = times;
        return { normalised, node, rows, maxMs, times: { counts, count, totalMs } };
      }),
    );
    const active = [...this.#active].map(([id, atMs]) => [id, nowMs - atMs] as const);
    const slow = this.#slow;
    this.#counts.clear();
    this.#active.clear();
    this.#slow = [];
    return { reads, slow, active };
  }
}
