import { describe, expect, test } from 'vitest';
import { checkHistory, type Promised } from './check-history.ts';
import {
  type AnomalyKind,
  anomalyKinds,
  type History,
  type Operation,
  type Transaction,
} from './history.ts';

const append = (list: number, value: number): Operation => ({ kind: 'append', list, value });
const read = (list: number, ...values: number[]): Operation => ({ kind: 'read', list, values });

type Time = readonly [begunAtMs: number, endedAtMs: number];

function ran(
  session: number,
  [begunAtMs, endedAtMs]: Time,
  operations: readonly Operation[],
  others: Partial<Transaction> = {},
): Transaction {
  const snapshot = !operations.some(({ kind }) => kind === 'append');
  return {
    session,
    begunAtMs,
    endedAtMs,
    outcome: 'committed',
    onLeader: true,
    snapshot,
    operations,
    ...others,
  };
}

const anyNode = { onLeader: false };
const rolledBack = { outcome: 'rolled_back' } as const;
const unknown = { outcome: 'unknown' } as const;
/** Beside each other, so that time says nothing of their order. */
const beside: Time = [0, 100];

const weak: Promised = { isolation: 'repeatable_read', consistency: 'session' };
const strong: Promised = { isolation: 'repeatable_read', consistency: 'strong' };
const serializable: Promised = { isolation: 'serializable', consistency: 'session' };

interface Sample {
  readonly name: string;
  readonly finds: readonly AnomalyKind[];
  readonly transactions: readonly Transaction[];
  readonly final?: Readonly<Record<number, readonly number[]>>;
  readonly promised?: Promised;
}

/** Two lists of two values each that A and B appended in opposite orders. */
const crossed = { 1: [11, 12], 2: [22, 21] };
const crossing = [
  ran(1, beside, [append(1, 11), append(2, 21)]),
  ran(2, beside, [append(1, 12), append(2, 22)]),
];
const writeSkew = [
  ran(1, beside, [read(1), append(2, 21)]),
  ran(2, beside, [read(2), append(1, 11)]),
];
const lostUpdate = [
  ran(1, beside, [read(1), append(1, 11)]),
  ran(2, beside, [read(1), append(1, 12)]),
];
const longFork = (where: 'leader' | 'any'): Transaction[] => [
  ran(1, beside, [append(1, 11)]),
  ran(2, beside, [append(2, 21)]),
  ran(3, beside, [read(1, 11), read(2)], { onLeader: where === 'leader' }),
  ran(4, beside, [read(1), read(2, 21)], { onLeader: where === 'leader' }),
];

const samples: readonly Sample[] = [
  {
    name: 'transactions one after the other',
    finds: [],
    promised: serializable,
    transactions: [
      ran(1, [0, 1], [append(1, 11), read(1, 11)]),
      ran(2, [2, 3], [read(1, 11), append(1, 12), append(1, 13), read(1, 11, 12, 13)]),
      ran(1, [4, 5], [read(1, 11, 12, 13), append(2, 21)], rolledBack),
      ran(2, [6, 7], [read(1, 11, 12, 13), read(2)]),
    ],
    final: { 1: [11, 12, 13] },
  },
  {
    name: 'a value that is there twice',
    finds: ['duplicate'],
    transactions: [ran(1, beside, [append(1, 11)])],
    final: { 1: [11, 11] },
  },
  {
    name: 'a value that nobody appended',
    finds: ['garbage'],
    transactions: [ran(1, beside, [append(1, 11)])],
    final: { 1: [7, 11] },
  },
  {
    name: 'an acknowledged append that is missing at the end',
    finds: ['lost_append'],
    transactions: [ran(1, [0, 1], [append(1, 11)]), ran(2, [0, 1], [append(1, 12)])],
    final: { 1: [12] },
  },
  {
    name: 'an append of unknown outcome that is missing at the end',
    finds: [],
    transactions: [ran(1, beside, [append(1, 11)], unknown)],
    final: { 1: [] },
  },
  {
    name: 'a value that was read and is missing at the end',
    finds: ['vanished', 'incompatible_order'],
    transactions: [
      ran(1, beside, [append(1, 11)], unknown),
      ran(2, beside, [read(1, 11)], anyNode),
    ],
    final: { 1: [] },
  },
  {
    name: 'reads that saw different orders',
    finds: ['incompatible_order', 'G_single'],
    transactions: [
      ran(1, beside, [append(1, 11)]),
      ran(2, beside, [append(1, 12)]),
      ran(3, beside, [read(1, 12)], anyNode),
    ],
    final: { 1: [11, 12] },
  },
  {
    name: 'reads that saw different orders, by the longest read',
    finds: ['incompatible_order', 'G_single'],
    transactions: [
      ran(1, beside, [append(1, 11)]),
      ran(2, beside, [append(1, 12)]),
      ran(3, beside, [read(1, 12)], anyNode),
      ran(4, beside, [read(1, 11, 12)], anyNode),
    ],
  },
  {
    name: 'a transaction that does not see its own append',
    finds: ['internal'],
    transactions: [ran(1, beside, [append(1, 11), read(1)])],
    final: { 1: [11] },
  },
  {
    name: 'a read of what was rolled back',
    finds: ['G1a', 'incompatible_order'],
    transactions: [
      ran(1, beside, [append(1, 11)], rolledBack),
      ran(2, beside, [read(1, 11)], anyNode),
    ],
    final: { 1: [] },
  },
  {
    name: 'a transaction rolled back that took effect',
    finds: ['G1a'],
    transactions: [ran(1, beside, [append(1, 11)], rolledBack)],
    final: { 1: [11] },
  },
  {
    name: 'a read between two appends of one transaction',
    finds: ['G1b', 'G_single'],
    transactions: [
      ran(1, beside, [append(1, 11), append(1, 12)]),
      ran(2, beside, [read(1, 11)], anyNode),
    ],
    final: { 1: [11, 12] },
  },
  {
    name: 'two transactions that overwrite each other',
    finds: ['G0'],
    transactions: crossing,
    final: crossed,
  },
  {
    name: 'a write that comes before one that ended earlier',
    finds: ['G0'],
    transactions: [ran(1, [0, 1], [append(1, 11)]), ran(2, [2, 3], [append(1, 12)])],
    final: { 1: [12, 11] },
  },
  {
    name: 'two transactions that read from each other',
    finds: ['G1c'],
    transactions: [
      ran(1, beside, [append(1, 11), read(2, 21)]),
      ran(2, beside, [append(2, 21), read(1, 11)]),
    ],
    final: { 1: [11], 2: [21] },
  },
  {
    name: 'a reader that saw half of a transaction',
    finds: ['G_single'],
    transactions: [
      ran(1, beside, [append(1, 11), append(2, 21)]),
      ran(2, beside, [read(1, 11), read(2)]),
    ],
    final: { 1: [11], 2: [21] },
  },
  {
    name: 'a session whose second read is behind its first, of another list',
    finds: ['G_single'],
    transactions: [
      ran(1, [0, 1], [append(1, 11)]),
      ran(1, [2, 3], [append(2, 21)]),
      ran(2, [4, 5], [read(2, 21)], anyNode),
      ran(2, [6, 7], [read(1)], anyNode),
    ],
    final: { 1: [11], 2: [21] },
  },
  {
    name: 'a lost update, which REPEATABLE READ of one server permits',
    finds: [],
    transactions: lostUpdate,
    final: { 1: [11, 12] },
  },
  {
    name: 'a lost update at SERIALIZABLE',
    finds: ['G_single'],
    promised: serializable,
    transactions: lostUpdate,
    final: { 1: [11, 12] },
  },
  {
    name: 'write skew, which REPEATABLE READ of one server permits',
    finds: [],
    transactions: writeSkew,
    final: { 1: [11], 2: [21] },
  },
  {
    name: 'write skew at SERIALIZABLE',
    finds: ['G2'],
    promised: serializable,
    transactions: writeSkew,
    final: { 1: [11], 2: [21] },
  },
  {
    name: 'two readers on the leader that saw two writes in opposite orders',
    finds: ['G2'],
    transactions: longFork('leader'),
    final: { 1: [11], 2: [21] },
  },
  {
    name: 'the same on any node, which is not promised',
    finds: [],
    transactions: longFork('any'),
    final: { 1: [11], 2: [21] },
  },
  {
    name: 'a session that reads less than before',
    finds: ['read_goes_back', 'G_single'],
    transactions: [
      ran(1, beside, [append(1, 11)]),
      ran(2, [10, 11], [read(1, 11)], anyNode),
      ran(2, [12, 13], [read(1)], anyNode),
    ],
    final: { 1: [11] },
  },
  {
    name: 'a session that does not read its own write',
    finds: ['own_write_missed', 'G_single'],
    transactions: [ran(1, [0, 1], [append(1, 11)]), ran(1, [2, 3], [read(1)], anyNode)],
    final: { 1: [11] },
  },
  {
    name: 'a read that misses what was acknowledged to another session',
    finds: [],
    transactions: [ran(1, [0, 1], [append(1, 11)]), ran(2, [2, 3], [read(1)], anyNode)],
    final: { 1: [11] },
  },
  {
    name: 'the same where every read is to be fresh',
    finds: ['stale_read', 'G_single'],
    promised: strong,
    transactions: [ran(1, [0, 1], [append(1, 11)]), ran(2, [2, 3], [read(1)], anyNode)],
    final: { 1: [11] },
  },
  {
    name: 'the same inside a transaction, which reads from the leader',
    finds: ['stale_read', 'G_single'],
    transactions: [ran(1, [0, 1], [append(1, 11)]), ran(2, [2, 3], [read(1)])],
    final: { 1: [11] },
  },
];

const historyOf = ({ transactions, final }: Sample): History => ({
  transactions,
  ...(final === undefined
    ? {}
    : { final: new Map(Object.entries(final).map(([list, values]) => [Number(list), values])) }),
});

describe('the checker finds', () => {
  test.each(samples)('$name', (sample) => {
    const found = checkHistory(historyOf(sample), sample.promised ?? weak);
    expect([...new Set(found.map(({ kind }) => kind))].toSorted()).toEqual(
      [...sample.finds].toSorted(),
    );
  });

  test('every kind of anomaly in one of them', () => {
    const finds = new Set(samples.flatMap(({ finds: kinds }) => kinds));
    expect(anomalyKinds.filter((kind) => !finds.has(kind))).toEqual([]);
  });

  test('nothing in a long history that is in order, and a cycle hidden in it', () => {
    const lists = Array.from({ length: 40 }, (): number[] => []);
    const transactions = Array.from({ length: 4000 }, (_, at) => {
      const values = lists[at % lists.length] ?? [];
      const operations = [read(at % lists.length, ...values), append(at % lists.length, at)];
      values.push(at);
      return ran(at % 12, [at * 2, at * 2 + 1], operations);
    });
    const final = new Map(lists.map((values, list) => [list, values]));
    expect(checkHistory({ transactions, final }, serializable)).toEqual([]);
    // Of list 0 it saw the first forty values, of list 1 none although they are as old.
    const torn = ran(20, [0, 9000], [read(0, ...(lists[0] ?? []).slice(0, 40)), read(1)], anyNode);
    const found = checkHistory({ transactions: [...transactions, torn], final }, weak);
    expect(found.map(({ kind }) => kind)).toEqual(['G_single']);
  });
});
