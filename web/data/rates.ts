import type { BalancerStatus } from '../../src/http/schemas.ts';

export interface ReplayProgress {
  /** Of what was pending when the replay began. */
  readonly done: number;
  readonly total: number;
  /** Entries per second; undefined before it can be told. */
  readonly perSecond: number | undefined;
  readonly leftMs: number | undefined;
}

export interface NodeRates {
  readonly readsPerSecond: number;
  /** Of all reads, 0 to 1; undefined when there were none. */
  readonly share: number | undefined;
  readonly replay: ReplayProgress | undefined;
}

export interface Rates {
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly nodes: Readonly<Record<string, NodeRates>>;
}

interface Sample {
  readonly atMs: number;
  readonly status: BalancerStatus;
}

const windowMs = 5_000;

/** All that decides which node gets how many of the reads. */
const choiceOf = ({ strategy, nodes }: BalancerStatus): string =>
  [strategy, ...nodes.map(({ name, weight, inSync }) => `${name} ${weight} ${inSync}`)].join();

/** What the figures of the status say of the last seconds, from one answer to the next. */
export class RateWatch {
  #samples: Sample[] = [];
  readonly #backlogs = new Map<string, { total: number; position: number; atMs: number }>();

  add(status: BalancerStatus, atMs: number): Rates {
    const last = this.#samples.at(-1);
    // After a restart the counters begin at 0 again.
    if (last?.status.startedAt !== status.startedAt) this.#samples = [];
    // What was read before another choice says nothing of the shares now.
    else if (choiceOf(last.status) !== choiceOf(status)) this.#samples = [last];
    this.#samples = [
      ...this.#samples.filter((one) => atMs - one.atMs <= windowMs),
      { atMs, status },
    ];
    const [first = { atMs, status }] = this.#samples;
    const seconds = Math.max(0.001, (atMs - first.atMs) / 1000);
    const before = new Map(first.status.nodes.map((node) => [node.name, node]));
    const deltas = status.nodes.map((node) =>
      Math.max(0, node.reads - (before.get(node.name)?.reads ?? node.reads)),
    );
    const total = deltas.reduce((sum, delta) => sum + delta, 0);
    const nodes = status.nodes.map((node, index) => {
      const delta = deltas[index] ?? 0;
      const rates: NodeRates = {
        readsPerSecond: delta / seconds,
        share: total === 0 ? undefined : delta / total,
        replay: this.#replay(node, atMs),
      };
      return [node.name, rates] as const;
    });
    return {
      readsPerSecond: total / seconds,
      writesPerSecond: Math.max(0, status.lastSeq - first.status.lastSeq) / seconds,
      nodes: Object.fromEntries(nodes),
    };
  }

  /** How far a node is with what it had missed: only while it catches up. */
  #replay(
    { name, state, pending, position }: BalancerStatus['nodes'][number],
    atMs: number,
  ): ReplayProgress | undefined {
    if ((state !== 'RECOVERING' && state !== 'LAGGING') || pending === 0) {
      this.#backlogs.delete(name);
      return undefined;
    }
    const begun = this.#backlogs.get(name) ?? { total: pending, position, atMs };
    this.#backlogs.set(name, begun);
    const done = Math.max(0, position - begun.position);
    const seconds = (atMs - begun.atMs) / 1000;
    const perSecond = seconds > 0 && done > 0 ? done / seconds : undefined;
    const leftMs = perSecond === undefined ? undefined : (pending / perSecond) * 1000;
    return { done, total: done + pending, perSecond, leftMs };
  }
}
