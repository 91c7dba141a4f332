import { type Anomaly, type History, type Transaction, writes } from './history.ts';
import type { ListRead, Versions } from './versions.ts';

/** How many values of a list somebody is known to have seen, and by what. */
interface Known {
  readonly length: number;
  readonly own: boolean;
}

/** In every session, reads see what its reads before saw, and what it wrote before. */
export function checkSessions(history: History, versions: Versions): Anomaly[] {
  const found: Anomaly[] = [];
  const reads = groupByTransaction(versions.reads);
  const known = new Map<string, Known>();
  for (const transaction of inOrder(history)) {
    const learnt: [string, Known][] = [];
    for (const read of reads.get(transaction) ?? []) {
      const key = `${transaction.session}/${read.list}`;
      const before = known.get(key);
      // Inside a transaction a read may go back behind a locking one: so servers do it.
      if (before && read.others.length < before.length) {
        found.push({
          kind: before.own ? 'own_write_missed' : 'read_goes_back',
          detail:
            `session ${transaction.session} read ${read.others.length} values of list ` +
            `${read.list} after it knew of ${before.length}`,
        });
      }
      learnt.push([key, { length: read.others.length, own: false }]);
    }
    for (const operation of transaction.operations) {
      if (operation.kind !== 'append' || transaction.outcome !== 'committed') continue;
      const place = versions.place(operation.value);
      if (place === undefined) continue;
      const key = `${transaction.session}/${operation.list}`;
      learnt.push([key, { length: place + 1, own: true }]);
    }
    for (const [key, what] of learnt) {
      if (what.length > (known.get(key)?.length ?? 0)) known.set(key, what);
    }
  }
  return found;
}

/** What was acknowledged before a read began is in it, for the reads that promise that. */
export function checkFreshness(
  history: History,
  versions: Versions,
  promises: (reader: Transaction) => boolean,
): Anomaly[] {
  const acknowledged = acknowledgements(history, versions);
  const found: Anomaly[] = [];
  for (const { transaction, list, others } of versions.reads) {
    if (!promises(transaction)) continue;
    const length = lengthBefore(acknowledged.get(list) ?? [], transaction.begunAtMs);
    if (others.length >= length) continue;
    found.push({
      kind: 'stale_read',
      detail:
        `session ${transaction.session} read ${others.length} values of list ${list}, of which ` +
        `${length} were acknowledged before it began at ${transaction.begunAtMs.toFixed(1)} ms`,
    });
  }
  return found;
}

interface Acknowledged {
  readonly atMs: number;
  /** Everything up to the value acknowledged, which later values only add to. */
  readonly length: number;
}

/** For each list, in the order of time and ever longer. */
function acknowledgements(history: History, versions: Versions): Map<number, Acknowledged[]> {
  const byList = new Map<number, Acknowledged[]>();
  const committed = history.transactions.filter(
    (transaction) => transaction.outcome === 'committed' && writes(transaction),
  );
  for (const transaction of committed.toSorted((a, b) => a.endedAtMs - b.endedAtMs)) {
    for (const operation of transaction.operations) {
      const place = operation.kind === 'append' ? versions.place(operation.value) : undefined;
      if (place === undefined) continue;
      const all = byList.get(operation.list) ?? [];
      byList.set(operation.list, all);
      const length = Math.max(place + 1, all.at(-1)?.length ?? 0);
      all.push({ atMs: transaction.endedAtMs, length });
    }
  }
  return byList;
}

function lengthBefore(acknowledged: readonly Acknowledged[], atMs: number): number {
  let low = 0;
  let high = acknowledged.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((acknowledged[middle]?.atMs ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  return acknowledged[low - 1]?.length ?? 0;
}

function groupByTransaction(reads: readonly ListRead[]): Map<Transaction, ListRead[]> {
  const groups = new Map<Transaction, ListRead[]>();
  for (const read of reads) {
    const group = groups.get(read.transaction);
    if (group) group.push(read);
    else groups.set(read.transaction, [read]);
  }
  return groups;
}

const inOrder = (history: History): Transaction[] =>
  history.transactions.toSorted((a, b) => a.begunAtMs - b.begunAtMs);
