import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import { LatencyAverage, latencyHalfLifeMs } from './strategies/latency-average.ts';
import type { Candidate, SelectionStrategy } from './strategies/selection-strategy.ts';

/** How a node serves reads, as numbers for people and for strategies. */
export interface ReadStatistics {
  readonly active: number;
  readonly averageMs: number;
  readonly reads: number;
  readonly errors: number;
}

class ReadTarget implements Candidate {
  readonly name: NodeName;
  readonly average = new LatencyAverage({ halfLifeMs: latencyHalfLifeMs });
  weight: number;
  active = 0;
  averageMs = 0;
  lastUsedMs = 0;
  reads = 0;
  errors = 0;

  constructor(name: NodeName, weight: number) {
    this.name = name;
    this.weight = weight;
  }
}

/** Chooses the node for each read among those that may serve it, by the strategy of now. */
export class ReadRouter {
  readonly #targets = new Map<NodeName, ReadTarget>();
  readonly #clock: Clock;
  #strategy: SelectionStrategy;
  /** Reused for every choice, so that a read allocates nothing here. */
  readonly #eligible: ReadTarget[] = [];

  constructor(options: { clock: Clock; strategy: SelectionStrategy }) {
    this.#clock = options.clock;
    this.#strategy = options.strategy;
  }

  get strategy(): SelectionStrategy {
    return this.#strategy;
  }

  /** Reads under way go on; the next choice is the new strategy's. */
  swap(strategy: SelectionStrategy): void {
    this.#strategy = strategy;
  }

  add(name: NodeName, weight: number): void {
    this.#targets.set(name, new ReadTarget(name, weight));
  }

  remove(name: NodeName): void {
    this.#targets.delete(name);
  }

  setWeight(name: NodeName, weight: number): void {
    const target = this.#targets.get(name);
    if (target) target.weight = weight;
  }

  /** Undefined when no node may serve. `mayServe` is asked for every node. */
  choose(mayServe: (name: NodeName) => boolean): NodeName | undefined {
    const eligible = this.#eligible;
    eligible.length = 0;
    const now = this.#clock.nowMs();
    for (const target of this.#targets.values()) {
      if (!mayServe(target.name)) continue;
      target.averageMs = target.average.value(now);
      eligible.push(target);
    }
    if (eligible.length === 0) return undefined;
    if (eligible.length === 1) return eligible[0]?.name;
    return eligible[this.#strategy.select(eligible, now)]?.name;
  }

  started(name: NodeName, nowMs: number): void {
    const target = this.#targets.get(name);
    if (!target) return;
    target.active++;
    target.reads++;
    target.lastUsedMs = nowMs;
  }

  /** `tookMs`: undefined where it failed. */
  finished(name: NodeName, tookMs: number | undefined, nowMs: number): void {
    const target = this.#targets.get(name);
    if (!target) return;
    target.active--;
    if (tookMs === undefined) target.errors++;
    else target.average.record(tookMs, nowMs);
  }

  /** Reads that were answered in another process, and what they took on average. */
  served(name: NodeName, { reads, averageMs }: { reads: number; averageMs: number }): void {
    const target = this.#targets.get(name);
    if (!target) return;
    const now = this.#clock.nowMs();
    target.reads += reads;
    target.lastUsedMs = now;
    target.average.record(averageMs, now);
  }

  /** Reads under way on it. */
  active(name: NodeName): number {
    return this.#targets.get(name)?.active ?? 0;
  }

  statistics(name: NodeName): ReadStatistics {
    const target = this.#targets.get(name);
    if (!target) return { active: 0, averageMs: 0, reads: 0, errors: 0 };
    return {
      active: target.active,
      averageMs: target.average.value(this.#clock.nowMs()),
      reads: target.reads,
      errors: target.errors,
    };
  }
}
