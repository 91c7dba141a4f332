import type { FaultPointName } from '../../../src/base/fault-points.ts';

/** What goes wrong. A follower is the node that the point tells of, else any that follows. */
export type Fault =
  | 'balancer killed'
  | 'leader killed'
  | 'leader cut'
  | 'leader reset'
  | 'leader half open'
  | 'leader answers lost'
  | 'follower killed'
  | 'follower cut'
  | 'follower half open';

export const faultsInProcess: readonly Fault[] = [
  'leader killed',
  'leader cut',
  'leader reset',
  'leader half open',
  'leader answers lost',
  'follower killed',
  'follower cut',
  'follower half open',
];

export type Work = 'writes' | 'transactions' | 'ddl' | 'big writes';

/** A fault point as the code reaches it during one kind of work. */
export interface MatrixRow {
  readonly work: Work;
  readonly point: FaultPointName;
  /** Done first, so that the point is reached: a node is taken out and back, or filled anew. */
  readonly begin?: 'recovery' | 'resync';
  /** The point counts once this one has been reached. */
  readonly after?: FaultPointName;
  /** Which faults; all if not given. */
  readonly faults?: readonly Fault[];
}

const commits = [
  'commit.begun',
  'commit.appended',
  'commit.durable',
  'commit.sent',
  'commit.answered',
  'commit.acknowledged',
] as const;
const killed: readonly Fault[] = ['balancer killed', 'leader killed', 'follower killed'];

/** Each place in the way of a write, a transaction, DDL, a recovery, a resync and the log. */
export const matrix: readonly MatrixRow[] = [
  ...(
    ['write.executed', ...commits, 'log.written', 'follower.sent', 'follower.answered'] as const
  ).map((point): MatrixRow => ({ work: 'writes', point })),
  ...(['transaction.begun', 'transaction.executed', ...commits] as const).map(
    (point): MatrixRow => ({ work: 'transactions', point }),
  ),
  ...(['ddl.announced', 'ddl.intended', 'ddl.sent', 'ddl.answered'] as const).map(
    (point): MatrixRow => ({ work: 'ddl', point }),
  ),
  ...commits.map((point): MatrixRow => ({ work: 'ddl', point, after: 'ddl.answered' })),
  ...(['follower.ddl_announced', 'follower.ddl_sent', 'follower.ddl_answered'] as const).map(
    (point): MatrixRow => ({ work: 'ddl', point }),
  ),
  ...(['recovery.begun', 'recovery.examined', 'follower.sent'] as const).map(
    (point): MatrixRow => ({ work: 'writes', point, begin: 'recovery' }),
  ),
  ...(
    [
      'resync.begun',
      'resync.snapshot',
      'resync.emptied',
      'resync.table',
      'resync.copied',
      'resync.marked',
    ] as const
  ).map((point): MatrixRow => ({ work: 'writes', point, begin: 'resync' })),
  ...(['log.full', 'log.sealed', 'log.rolled', 'log.cutting', 'log.cut'] as const).map(
    (point): MatrixRow => ({ work: 'big writes', point, faults: killed }),
  ),
];

export interface CrashCell {
  readonly row: MatrixRow;
  readonly fault: Fault;
  readonly name: string;
}

export const rowName = ({ work, point, begin }: MatrixRow): string =>
  `${begin === undefined ? work : begin}: ${point}`;

export function cellsFor(
  faults: readonly Fault[],
  rows: readonly MatrixRow[] = matrix,
): CrashCell[] {
  return rows.flatMap((row) =>
    faults
      .filter((fault) => row.faults?.includes(fault) ?? true)
      .map((fault) => ({ row, fault, name: `${rowName(row)}, ${fault}` })),
  );
}

/** The matrix as it came out, for people: one line a fault point, one column a fault. */
export function matrixText(results: ReadonlyMap<CrashCell, string>): string {
  const columns = [...new Set([...results.keys()].map(({ fault }) => fault))];
  const rows = new Map<string, Map<string, string>>();
  for (const [cell, result] of results) {
    const line = rows.get(rowName(cell.row)) ?? new Map<string, string>();
    rows.set(rowName(cell.row), line.set(cell.fault, result.split('\n')[0] ?? ''));
  }
  const table = [['fault point', ...columns]];
  for (const [name, line] of rows) {
    table.push([name].concat(columns.map((column) => line.get(column) ?? '-')));
  }
  const widths = table[0]?.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)));
  return table
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths?.[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
