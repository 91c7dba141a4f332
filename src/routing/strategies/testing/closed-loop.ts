import { type NodeName, nodeName } from '../../../base/brands.ts';
import { SimulatedClock } from '../../../health/testing/simulated-clock.ts';
import { LatencyAverage } from '../latency-average.ts';
import type { SelectionStrategy } from '../selection-strategy.ts';

export interface SimulatedNode {
  readonly name: NodeName;
  /** Added to the noise of each read; change it to slow the node down. */
  delayMs: number;
  weight: number;
  inRotation: boolean;
  reads: number;
}

export interface ClosedLoopOptions {
  readonly strategy: SelectionStrategy;
  readonly random: () => number;
  readonly nodes: number;
  readonly clients: number;
  /** Time a client waits between an answer and its next read; 0 unless given. */
  readonly thinkMs?: number;
  readonly halfLifeMs?: number;
}

interface NodeState extends SimulatedNode {
  active: number;
  lastUsedMs: number;
  readonly average: LatencyAverage;
}

/**
 * Clients that each read, wait for the answer and read again, as connections of an application
 * do, on simulated time. A read takes the node's delay and 0.2 to 0.5 ms of noise.
 */
export class ClosedLoop {
  readonly nodes: SimulatedNode[];
  readonly clock = new SimulatedClock();
  strategy: SelectionStrategy;
  readonly #states: NodeState[];
  readonly #options: ClosedLoopOptions;

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
    this.strategy = options.strategy;
    this.#states = Array.from({ length: options.nodes }, (_, index) => ({
      name: nodeName(`mysql${index + 1}`),
      delayMs: 0,
      weight: 1,
      inRotation: true,
      reads: 0,
      active: 0,
      lastUsedMs: 0,
      average: new LatencyAverage({ halfLifeMs: options.halfLifeMs ?? 1000 }),
    }));
    this.nodes = this.#states;
    for (let client = 0; client < options.clients; client += 1) {
      // Clients do not all begin in the same instant.
      this.clock.after(options.random() * (1 + (options.thinkMs ?? 0)), () => this.#read());
    }
  }

  /** Lets time pass; the share of the reads begun in it that each node got. */
  run(ms: number): number[] {
    for (const node of this.nodes) node.reads = 0;
    this.clock.advanceSync(ms);
    const total = this.nodes.reduce((sum, node) => sum + node.reads, 0);
    return this.nodes.map((node) => node.reads / total);
  }

  #read(): void {
    const nowMs = this.clock.nowMs();
    const able = this.#states.filter((state) => state.inRotation);
    const candidates = able.map(({ name, weight, active, lastUsedMs, average }) => ({
      name,
      weight,
      active,
      lastUsedMs,
      averageMs: average.value(nowMs),
    }));
    const state = able[this.strategy.select(candidates, nowMs)];
    if (state === undefined) throw new Error('the strategy chose no candidate');
    state.reads += 1;
    state.active += 1;
    state.lastUsedMs = nowMs;
    const tookMs = state.delayMs + 0.2 + this.#options.random() * 0.3;
    this.clock.after(tookMs, () => {
      state.active -= 1;
      state.average.record(tookMs, this.clock.nowMs());
      const thinkMs = (this.#options.thinkMs ?? 0) * (0.5 + this.#options.random());
      if (thinkMs > 0) this.clock.after(thinkMs, () => this.#read());
      else this.#read();
    });
  }
}

/** Numbers from 0 up to but not including 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
