import type { History, Operation, Transaction } from './history.ts';

/** A read of one list by one transaction. */
export interface ListRead {
  readonly transaction: Transaction;
  readonly list: number;
  readonly values: readonly number[];
  /** What the transaction itself had appended to the list before. */
  readonly own: readonly number[];
  /** The values without its own: what others had committed. */
  readonly others: readonly number[];
}

/** The values of every list in the order in which they were committed, and who appended them. */
export class Versions {
  /** Values of a list, in order. */
  readonly orders: ReadonlyMap<number, readonly number[]>;
  readonly reads: readonly ListRead[];
  readonly #writers = new Map<number, Transaction>();
  readonly #places = new Map<number, number>();

  constructor(history: History) {
    this.reads = history.transactions.flatMap(readsOf);
    for (const transaction of history.transactions) {
      for (const operation of transaction.operations) {
        if (operation.kind === 'append') this.#writers.set(operation.value, transaction);
      }
    }
    const orders = new Map<number, readonly number[]>(history.final ?? []);
    if (!history.final) {
      for (const { list, values, others, transaction } of this.reads) {
        const seen = transaction.outcome === 'committed' ? values : others;
        if (seen.length > (orders.get(list)?.length ?? 0)) orders.set(list, seen);
      }
    }
    this.orders = orders;
    for (const order of orders.values()) {
      for (const [place, value] of order.entries()) this.#places.set(value, place);
    }
  }

  order(list: number): readonly number[] {
    return this.orders.get(list) ?? [];
  }

  writer(value: number | undefined): Transaction | undefined {
    return value === undefined ? undefined : this.#writers.get(value);
  }

  /** How many values stand before it; undefined when it is in no list. */
  place(value: number): number | undefined {
    return this.#places.get(value);
  }

  /** It was acknowledged, or nobody knows but it is there. */
  tookEffect(transaction: Transaction): boolean {
    if (transaction.outcome !== 'unknown') return transaction.outcome === 'committed';
    return transaction.operations.some(
      (operation) => operation.kind === 'append' && this.#places.has(operation.value),
    );
  }
}

function readsOf(transaction: Transaction): ListRead[] {
  const reads: ListRead[] = [];
  const appended = new Map<number, readonly number[]>();
  for (const operation of transaction.operations) {
    const own = appended.get(operation.list) ?? [];
    if (operation.kind === 'append') appended.set(operation.list, [...own, operation.value]);
    else reads.push(readOf(transaction, operation, own));
  }
  return reads;
}

function readOf(
  transaction: Transaction,
  { list, values }: Extract<Operation, { kind: 'read' }>,
  own: readonly number[],
): ListRead {
  const mine = new Set(own);
  const others = mine.size === 0 ? values : values.filter((value) => !mine.has(value));
  return { transaction, list, values, own, others };
}
