import { count, milliseconds, timeOf } from '../../data/figures.ts';
import type { RefusedQuery, SlowQuery } from '../../data/shapes.ts';

export function SlowTable({ queries }: { readonly queries: readonly SlowQuery[] }) {
  return (
    <div className="scroll framed">
      <table className="table" aria-label="Slow statements">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col" className="wide">
              Statement
            </th>
            <th scope="col">Node</th>
            <th scope="col">By</th>
            <th scope="col" className="number">
              Rows
            </th>
          </tr>
        </thead>
        <tbody>
          {queries.map((query, index) => (
            <tr key={`${query.at} ${index}`}>
              <td className="nowrap">{timeOf(query.at)}</td>
              <td className="number nowrap">{milliseconds(query.durationMs)}</td>
              <td className="statement">
                <code className="sql clipped" title={query.sql}>
                  {query.sql}
                </code>
                <span className="muted">
                  {query.schema === '' ? '' : `${query.schema} · `}
                  {query.digest}
                  {query.errno === undefined ? '' : ` · error ${query.errno}`}
                </span>
              </td>
              <td className="nowrap">{query.node ?? '–'}</td>
              <td className="nowrap">
                {query.user}@{query.host}
              </td>
              <td className="number">{count(query.rows)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function RefusedTable({ queries }: { readonly queries: readonly RefusedQuery[] }) {
  return (
    <div className="scroll framed">
      <table className="table" aria-label="Refused statements">
        <thead>
          <tr>
            <th scope="col">Last time</th>
            <th scope="col" className="number">
              Times
            </th>
            <th scope="col" className="wide">
              Statement and reason
            </th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {queries.map((query, index) => (
            <tr key={`${query.at} ${index}`}>
              <td className="nowrap">{timeOf(query.at)}</td>
              <td className="number">{count(query.count)}</td>
              <td className="statement">
                <code className="sql clipped" title={query.sql}>
                  {query.sql}
                </code>
                <p>
                  <span className="badge tone-warn">{query.reason}</span> {query.message}
                </p>
              </td>
              <td className="nowrap">{query.user}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
