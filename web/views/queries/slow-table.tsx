import { count, milliseconds, timeOf } from '../../data/figures.ts';
import type { RefusedQuery, SlowQuery } from '../../data/shapes.ts';
import { type DataColumn, DataTable, Statement } from '../../parts/data-table.tsx';

interface Queries<Query> {
  readonly queries: readonly Query[];
}

const keyOf = ({ at }: { readonly at: string }, index: number): string => `${at} ${index}`;

const slowColumns: readonly DataColumn<SlowQuery>[] = [
  { name: 'Time', cell: ({ at }) => timeOf(at) },
  { name: 'Took', kind: 'number', cell: ({ durationMs }) => milliseconds(durationMs) },
  {
    name: 'Statement',
    kind: 'wide',
    cell: ({ sql, schema, digest, errno }) => (
      <>
        <Statement sql={sql} />
        <span className="muted">
          {schema === '' ? '' : `${schema} · `}
          {digest}
          {errno === undefined ? '' : ` · error ${errno}`}
        </span>
      </>
    ),
  },
  { name: 'Node', cell: ({ node }) => node ?? '–' },
  { name: 'By', cell: ({ user, host }) => `${user}@${host}` },
  { name: 'Rows', kind: 'number', cell: ({ rows }) => count(rows) },
];

export const SlowTable = ({ queries }: Queries<SlowQuery>) => (
  <DataTable label="Slow statements" columns={slowColumns} rows={queries} keyOf={keyOf} />
);

const refusedColumns: readonly DataColumn<RefusedQuery>[] = [
  { name: 'Last time', cell: ({ at }) => timeOf(at) },
  { name: 'Times', kind: 'number', cell: (query) => count(query.count) },
  {
    name: 'Statement and reason',
    kind: 'wide',
    cell: ({ sql, reason, message }) => (
      <>
        <Statement sql={sql} />
        <p>
          <span className="badge tone-warn">{reason}</span> {message}
        </p>
      </>
    ),
  },
  { name: 'By', cell: ({ user }) => user },
];

export const RefusedTable = ({ queries }: Queries<RefusedQuery>) => (
  <DataTable label="Refused statements" columns={refusedColumns} rows={queries} keyOf={keyOf} />
);
