import { type History, type Transaction, writes } from './history.ts';
import type { Versions } from './versions.ts';

/**
 * - `ww`: overwrote its append; `wr`: read its append; `rw`: overwrote what it had read;
 * - `session`: came later in the same session;
 * - `time`: began after it had ended, and therefore must come after it.
 */
export type EdgeKind = 'ww' | 'wr' | 'rw' | 'session' | 'time';

export interface Edge {
  readonly kind: EdgeKind;
  readonly from: number;
  readonly to: number;
  /** `rw` of a reader that may see what is beside each other in another order than the rest. */
  readonly forks?: true;
}

export interface GraphOptions {
  /** Whose reads count as overwritten by later appends. */
  readonly overwritten: (reader: Transaction) => boolean;
  /** Whose reads, together with others, may see two writes in opposite orders. */
  readonly forks: (reader: Transaction) => boolean;
  /** Who sees everything that was acknowledged before it began. */
  readonly fresh: (reader: Transaction) => boolean;
}

/**
 * Who must come after whom in any order that explains the history. Nodes are the transactions
 * that took effect, then moments in time: were each pair of transactions an edge of its own,
 * there would be too many.
 */
export class DependencyGraph {
  readonly transactions: readonly Transaction[];
  readonly edges: Edge[][] = [];

  constructor(history: History, versions: Versions, options: GraphOptions) {
    this.transactions = history.transactions.filter((each) => versions.tookEffect(each));
    const numbers = new Map(this.transactions.map((each, index) => [each, index]));
    const link = (kind: EdgeKind, from?: Transaction, to?: Transaction): void => {
      if (!from || !to || from === to) return;
      const [a, b] = [numbers.get(from), numbers.get(to)];
      if (a === undefined || b === undefined) return;
      const forks = kind === 'rw' && options.forks(from);
      this.#add({ kind, from: a, to: b, ...(forks ? { forks } : {}) });
    };
    for (const order of versions.orders.values()) {
      for (const [index, value] of order.entries()) {
        link('ww', versions.writer(order[index - 1]), versions.writer(value));
      }
    }
    for (const { transaction, list, others } of versions.reads) {
      link('wr', versions.writer(others.at(-1)), transaction);
      if (!options.overwritten(transaction)) continue;
      link('rw', transaction, versions.writer(versions.order(list)[others.length]));
    }
    const last = new Map<number, Transaction>();
    for (const each of this.transactions.toSorted((a, b) => a.begunAtMs - b.begunAtMs)) {
      link('session', last.get(each.session), each);
      last.set(each.session, each);
    }
    this.#linkInTime(() => true, writes);
    this.#linkInTime(writes, options.fresh);
  }

  /** Everybody who is `before` and has ended comes before those `after` who begin later. */
  #linkInTime(before: (each: Transaction) => boolean, after: (each: Transaction) => boolean): void {
    const events = this.transactions.flatMap((each, number) => [
      ...(before(each) && each.outcome === 'committed' ? [{ at: each.endedAtMs, number }] : []),
      ...(after(each) ? [{ at: each.begunAtMs, number, begins: true }] : []),
    ]);
    // Of two at the same moment it is not known which came first.
    events.sort((a, b) => a.at - b.at || Number('begins' in b) - Number('begins' in a));
    let moment: number | undefined;
    for (const event of events) {
      if ('begins' in event) {
        if (moment !== undefined) this.#add({ kind: 'time', from: moment, to: event.number });
        continue;
      }
      const next = Math.max(this.edges.length, this.transactions.length);
      this.edges[next] = [];
      if (moment !== undefined) this.#add({ kind: 'time', from: moment, to: next });
      this.#add({ kind: 'time', from: event.number, to: next });
      moment = next;
    }
  }

  #add(edge: Edge): void {
    const edges = this.edges[edge.from];
    if (edges) edges.push(edge);
    else this.edges[edge.from] = [edge];
  }

  from(node: number): readonly Edge[] {
    return this.edges[node] ?? [];
  }

  get size(): number {
    return Math.max(this.edges.length, this.transactions.length);
  }

  /** A cycle in words. */
  describe(cycle: readonly Edge[]): string {
    return cycle.map(({ kind, from }) => `${this.#name(from)} -${kind}->`).join(' ');
  }

  #name(node: number): string {
    const transaction = this.transactions[node];
    if (!transaction) return '·';
    const operations = transaction.operations.map((operation) =>
      operation.kind === 'append'
        ? `append ${operation.value} to ${operation.list}`
        : `read ${operation.values.length} of ${operation.list} to ${operation.values.at(-1)}`,
    );
    const { port, onLeader } = transaction;
    const where = `${onLeader ? '' : ', alone'}${port === undefined ? '' : `, on ${port}`}`;
    const span = `${transaction.begunAtMs.toFixed(1)} to ${transaction.endedAtMs.toFixed(1)} ms`;
    return `(session ${transaction.session}, ${span}${where}: ${operations.join('; ')})`;
  }
}
