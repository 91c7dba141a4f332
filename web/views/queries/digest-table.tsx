import { count, milliseconds, percent, timeOf } from '../../data/figures.ts';
import type { Digest } from '../../data/shapes.ts';

export function DigestTable({ digests }: { readonly digests: readonly Digest[] }) {
  const total = digests.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return (
    <div className="scroll framed">
      <table className="table" aria-label="Statements by form">
        <thead>
          <tr>
            <th scope="col" className="wide">
              Statement
            </th>
            {['Count', 'Total', 'p50', 'p95', 'p99', 'Longest', 'Rows', 'Errors'].map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
            <th scope="col">Nodes</th>
          </tr>
        </thead>
        <tbody>
          {digests.map((one) => (
            <DigestRow
              key={one.digest}
              digest={one}
              share={total === 0 ? 0 : one.totalMs / total}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DigestRow({ digest, share }: { readonly digest: Digest; readonly share: number }) {
  const { sql, kind, p50Ms, p95Ms, p99Ms, maxMs, totalMs, errors, nodes } = digest;
  const seen = `first ${timeOf(digest.firstSeen)}, last ${timeOf(digest.lastSeen)}`;
  return (
    <tr>
      <td className="statement">
        <code className="sql clipped" title={sql}>
          {sql}
        </code>
        <span className="muted" title={seen}>
          {kind} · {digest.digest}
        </span>
      </td>
      <td className="number">{count(digest.count)}</td>
      <td className="number nowrap" title={`${percent(share)} of all`}>
        {milliseconds(totalMs)}
        <div className="meter" aria-hidden="true">
          <div style={{ width: `${share * 100}%` }} />
        </div>
      </td>
      <td className="number nowrap">{milliseconds(p50Ms)}</td>
      <td className="number nowrap">{milliseconds(p95Ms)}</td>
      <td className="number nowrap">{milliseconds(p99Ms)}</td>
      <td className="number nowrap">{milliseconds(maxMs)}</td>
      <td className="number">{count(digest.rows)}</td>
      <td className={`number ${errors > 0 ? 'tone-bad' : ''}`}>{count(errors)}</td>
      <td className="nowrap muted">
        <div className="digest-nodes">
          {Object.entries(nodes)
            .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
            .map(([name, times]) => (
              <span key={name}>
                {name} {count(times)}
              </span>
            ))}
        </div>
      </td>
    </tr>
  );
}
