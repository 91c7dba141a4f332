import { count } from '../../data/figures.ts';
import type { DifferingRange, RowDifference, VerifiedTable } from '../../data/shapes.ts';
import { Panel } from '../../parts/panel.tsx';

/** `app.users`; the schema itself, compared as what it is by default, is `app (schema)`. */
export const titleOf = ({ schema, table }: VerifiedTable): string =>
  table.startsWith('(') ? `${schema} ${table}` : `${schema}.${table}`;

/** Where in a table the nodes differ, and in which columns of which rows. */
export function Differences({ table }: { readonly table: VerifiedTable }) {
  const { differing, ranges = [], rangesMore = 0 } = table;
  if (ranges.length === 0 && table.definitionDiffers !== true) return null;
  return (
    <Panel title={titleOf(table)} note={`differs on ${differing.join(', ')}`}>
      {table.definitionDiffers ? (
        <p className="pad">It is not defined alike on all nodes, or some lack it.</p>
      ) : null}
      {ranges.map((range) => (
        <RangeView key={range.where} range={range} />
      ))}
      {rangesMore === 0 ? null : (
        <p className="muted pad">and in {count(rangesMore)} more ranges</p>
      )}
    </Panel>
  );
}

function RangeView({ range }: { readonly range: DifferingRange }) {
  const { key, where, nodes, rows = [], rowsMore = 0 } = range;
  const names = Object.keys(nodes);
  return (
    <div className="range">
      <p>
        {where === '' ? (
          <span className="muted">
            {key ? 'In the whole table' : 'Somewhere in the table, which has no key'}
          </span>
        ) : (
          <>
            <span className="muted">where</span> <code className="sql">{where}</code>
          </>
        )}
      </p>
      <p className="muted">
        Rows in it: {names.map((node) => `${count(nodes[node] ?? 0)} on ${node}`).join(', ')}
      </p>
      {rows.length === 0 ? null : <RowTable rows={rows} names={names} odd={range.differing} />}
      {rowsMore === 0 ? null : <p className="muted">and {count(rowsMore)} more rows</p>}
    </div>
  );
}

interface RowTableProps {
  readonly rows: readonly RowDifference[];
  readonly names: readonly string[];
  readonly odd: readonly string[];
}

/** One line for each column that differs. */
function RowTable({ rows, names, odd }: RowTableProps) {
  return (
    <div className="scroll framed">
      <table className="table values" aria-label="Differing rows">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Column</th>
            {names.map((node) => (
              <th key={node} scope="col">
                {node}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.flatMap(({ key, nodes }) =>
            columnsOf(nodes).map((column, index) => (
              <tr key={`${key} ${column}`}>
                <th scope="row">{index === 0 ? key : ''}</th>
                <td>{column}</td>
                {names.map((node) => (
                  <td key={node} className={odd.includes(node) ? 'tone-bad' : ''}>
                    <Value row={nodes[node]} column={column} />
                  </td>
                ))}
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

type RowsByNode = RowDifference['nodes'];

const columnsOf = (nodes: RowsByNode): string[] => [
  ...new Set(Object.values(nodes).flatMap((row) => Object.keys(row ?? {}))),
];

interface ValueProps {
  readonly row: RowsByNode[string] | undefined;
  readonly column: string;
}

function Value({ row, column }: ValueProps) {
  if (row === null || row === undefined) return <em>no such row</em>;
  const value = row[column];
  return value === null || value === undefined ? <em>NULL</em> : value;
}
