import { count, milliseconds, percent, timeOf } from '../../data/figures.ts';
import type { Digest } from '../../data/shapes.ts';
import { type DataColumn, DataTable, Statement } from '../../parts/data-table.tsx';

export function DigestTable({ digests }: { readonly digests: readonly Digest[] }) {
  const total = digests.reduce((sum, { totalMs }) => sum + totalMs, 0);
  const shareOf = ({ totalMs }: Digest): number => (total === 0 ? 0 : totalMs / total);
  return (
    <DataTable
      label="Statements by form"
      columns={columnsOf(shareOf)}
      rows={digests}
      keyOf={({ digest }) => digest}
    />
  );
}

const columnsOf = (shareOf: (digest: Digest) => number): readonly DataColumn<Digest>[] => [
  {
    name: 'Statement',
    kind: 'wide',
    cell: ({ sql, kind, digest, firstSeen, lastSeen }) => (
      <>
        <Statement sql={sql} />
        <span className="muted" title={`first ${timeOf(firstSeen)}, last ${timeOf(lastSeen)}`}>
          {kind} · {digest}
        </span>
      </>
    ),
  },
  { name: 'Count', kind: 'number', cell: (digest) => count(digest.count) },
  {
    name: 'Total',
    kind: 'number',
    cell: (digest) => (
      <div title={`${percent(shareOf(digest))} of all`}>
        {milliseconds(digest.totalMs)}
        <div className="meter" aria-hidden="true">
          <div style={{ width: `${shareOf(digest) * 100}%` }} />
        </div>
      </div>
    ),
  },
  { name: 'p50', kind: 'number', cell: ({ p50Ms }) => milliseconds(p50Ms) },
  { name: 'p95', kind: 'number', cell: ({ p95Ms }) => milliseconds(p95Ms) },
  { name: 'p99', kind: 'number', cell: ({ p99Ms }) => milliseconds(p99Ms) },
  { name: 'Longest', kind: 'number', cell: ({ maxMs }) => milliseconds(maxMs) },
  { name: 'Rows', kind: 'number', cell: ({ rows }) => count(rows) },
  {
    name: 'Errors',
    kind: 'number',
    cell: ({ errors }) => <span className={errors > 0 ? 'tone-bad' : ''}>{count(errors)}</span>,
  },
  { name: 'Nodes', cell: ({ nodes }) => <NodeCounts nodes={nodes} /> },
];

function NodeCounts({ nodes }: Pick<Digest, 'nodes'>) {
  return (
    <div className="digest-nodes muted">
      {Object.entries(nodes)
        .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
        .map(([name, times]) => (
          <span key={name}>
            {name} {count(times)}
          </span>
        ))}
    </div>
  );
}
