import type {
  ClusterSample,
  HistoryNode,
  HistoryRange,
  HistorySample,
  NodeSample,
} from './history-sample.ts';

/** How several samples become one point. */
type Merge = 'mean' | 'highest';

const clusterColumns: Readonly<Record<keyof ClusterSample, Merge>> = {
  reads: 'mean',
  writes: 'mean',
  errors: 'mean',
  readP50: 'mean',
  readP95: 'highest',
  readP99: 'highest',
  writeP50: 'mean',
  writeP95: 'highest',
  writeP99: 'highest',
  sessions: 'highest',
};
type NodeColumn = 'reads' | 'p99' | 'pending';

/** Nodes that were members within the hour; beyond it the one that left first is forgotten. */
const nodesMax = 128;

class NodeColumns {
  readonly numbers: Readonly<Record<NodeColumn, Float32Array>>;
  /** Place of the state in `states`, plus one; 0 for none. */
  readonly states: Uint8Array;
  lastId = 0;

  constructor(capacity: number) {
    const column = (): Float32Array => new Float32Array(capacity).fill(Number.NaN);
    this.numbers = { reads: column(), p99: column(), pending: column() };
    this.states = new Uint8Array(capacity);
  }
}

/** Slots of the rings that are one point: from `from` to before `to` of these. */
interface Group {
  readonly slots: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Samples by column, in rings of a fixed size: the sample with id n lies at (n - 1) % capacity. */
export class HistoryColumns {
  readonly #capacity: number;
  readonly #at: Float64Array;
  readonly #cluster: Readonly<Record<keyof ClusterSample, Float32Array>>;
  readonly #nodes = new Map<string, NodeColumns>();
  readonly #stateNames: string[] = [];
  #lastId = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#at = new Float64Array(capacity);
    const names = Object.keys(clusterColumns) as (keyof ClusterSample)[];
    this.#cluster = Object.fromEntries(
      names.map((name) => [name, new Float32Array(capacity)]),
    ) as Record<keyof ClusterSample, Float32Array>;
  }

  get lastId(): number {
    return this.#lastId;
  }

  push(at: number, cluster: ClusterSample, nodes: Readonly<Record<string, NodeSample>>): void {
    const slot = this.#lastId % this.#capacity;
    this.#lastId += 1;
    this.#at[slot] = at;
    for (const [name, ring] of Object.entries(this.#cluster)) {
      ring[slot] = cluster[name as keyof ClusterSample] ?? Number.NaN;
    }
    for (const [name, sample] of Object.entries(nodes)) {
      const { reads, p99, pending, state } = sample;
      const of = this.#node(name);
      of.lastId = this.#lastId;
      of.numbers.reads[slot] = reads;
      of.numbers.p99[slot] = p99 ?? Number.NaN;
      of.numbers.pending[slot] = pending;
      of.states[slot] = this.#stateNumber(state);
    }
    for (const [name, of] of this.#nodes) {
      if (of.lastId === this.#lastId) continue;
      if (of.lastId <= this.#lastId - this.#capacity) this.#nodes.delete(name);
      for (const ring of Object.values(of.numbers)) ring[slot] = Number.NaN;
      of.states[slot] = 0;
    }
  }

  #node(name: string): NodeColumns {
    let of = this.#nodes.get(name);
    if (of === undefined) {
      if (this.#nodes.size >= nodesMax) this.#forgetOne();
      of = new NodeColumns(this.#capacity);
      this.#nodes.set(name, of);
    }
    return of;
  }

  #forgetOne(): void {
    const [first] = [...this.#nodes].toSorted(([, a], [, b]) => a.lastId - b.lastId);
    if (first) this.#nodes.delete(first[0]);
  }

  #stateNumber(state: string): number {
    const known = this.#stateNames.indexOf(state);
    return known >= 0 ? known + 1 : this.#stateNames.push(state);
  }

  /** Whole samples after this one, oldest first. */
  since(id: number): HistorySample[] {
    const samples: HistorySample[] = [];
    const first = Math.max(id + 1, this.#lastId - this.#capacity + 1, 1);
    for (let next = first; next <= this.#lastId; next += 1) samples.push(this.#sample(next));
    return samples;
  }

  #sample(id: number): HistorySample {
    const slot = (id - 1) % this.#capacity;
    const group = { slots: [slot], from: 0, to: 1 };
    const cluster = Object.fromEntries(
      Object.entries(this.#cluster).map(([name, ring]) => [name, merged(ring, group, 'mean')]),
    );
    const nodes = Object.fromEntries(
      [...this.#nodes]
        .filter(([, of]) => of.states[slot] !== 0)
        .map(([name, of]) => [name, this.#nodePoint(of, group)]),
    );
    const at = this.#at[slot] as number;
    return { kind: 'sample', id, at, cluster, nodes } as unknown as HistorySample;
  }

  #nodePoint(of: NodeColumns, group: Group): HistoryNode {
    const { reads, p99, pending } = of.numbers;
    return {
      reads: merged(reads, group, 'mean') ?? 0,
      p99: merged(p99, group, 'highest'),
      pending: merged(pending, group, 'highest') ?? 0,
      state: this.#state(of, group),
    };
  }

  /** A node that was out for a moment of it must not look as if it never was. */
  #state({ states }: NodeColumns, { slots, from, to }: Group): string | null {
    let state: string | null = null;
    for (let at = from; at < to; at += 1) {
      state = this.#stateNames[(states[slots[at] as number] as number) - 1] ?? null;
      if (state !== null && state !== 'UP') return state;
    }
    return state;
  }

  read({ fromMs, points }: { readonly fromMs: number; readonly points: number }): HistoryRange {
    const slots: number[] = [];
    const first = Math.max(1, this.#lastId - this.#capacity + 1);
    for (let id = first; id <= this.#lastId; id += 1) {
      const slot = (id - 1) % this.#capacity;
      if ((this.#at[slot] as number) >= fromMs) slots.push(slot);
    }
    const every = Math.max(1, Math.ceil(slots.length / Math.max(1, points)));
    const groups = this.#grouped(slots, every).slice(-points);
    const column = (ring: Float32Array, merge: Merge) =>
      groups.map((group) => merged(ring, group, merge));
    const cluster = Object.fromEntries(
      Object.entries(clusterColumns).map(([name, merge]) => [
        name,
        column(this.#cluster[name as keyof ClusterSample], merge),
      ]),
    );
    const nodes = Object.fromEntries(
      [...this.#nodes].map(([name, of]) => {
        const { reads, p99, pending } = of.numbers;
        const numbers = { reads: column(reads, 'mean'), p99: column(p99, 'highest') };
        const state = groups.map((group) => this.#state(of, group));
        return [name, { ...numbers, pending: column(pending, 'highest'), state }];
      }),
    );
    const at = groups.map(({ to }) => this.#at[slots[to - 1] as number] as number);
    return { stepMs: every * 1000, at, cluster, nodes } as unknown as HistoryRange;
  }

  /** By the time of day, so that the points stay where they are when the next sample comes. */
  #grouped(slots: readonly number[], every: number): Group[] {
    const groups: Group[] = [];
    let from = 0;
    for (let to = 1; to <= slots.length; to += 1) {
      const together = every > 1 && to < slots.length && this.#same(slots, to, every);
      if (together) continue;
      groups.push({ slots, from, to });
      from = to;
    }
    return groups;
  }

  #same(slots: readonly number[], at: number, every: number): boolean {
    const stepOf = (slot = 0): number => Math.floor((this.#at[slot] as number) / (every * 1000));
    return stepOf(slots[at - 1]) === stepOf(slots[at]);
  }
}

/** Null where none of them has a value. A whole hour is read at once, so nothing is made here. */
function merged(ring: Float32Array, { slots, from, to }: Group, merge: Merge): number | null {
  let sum = 0;
  let count = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = from; at < to; at += 1) {
    const value = ring[slots[at] as number] as number;
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
    if (value > highest) highest = value;
  }
  if (count === 0) return null;
  return Math.round((merge === 'mean' ? sum / count : highest) * 1000) / 1000;
}
