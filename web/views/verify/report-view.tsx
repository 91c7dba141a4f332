import { useState } from 'react';
import { count, duration, milliseconds, timeOf } from '../../data/figures.ts';
import type { VerifiedTable, VerifyReport } from '../../data/shapes.ts';
import { Button } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Differences, titleOf } from './differences.tsx';
import { RepairList } from './repair-list.tsx';
import { WayOutView } from './way-out-view.tsx';

interface ReportViewProps {
  readonly report: VerifyReport;
  readonly finishedAt: string;
}

/** What a comparison found: the verdict, what to do, and every table on every node. */
export function ReportView({ report, finishedAt }: ReportViewProps) {
  const { equal, tables, repairs } = report;
  const differing = tables.filter((table) => !table.equal);
  return (
    <>
      <section className={`verdict ${equal ? 'is-good' : 'is-bad'}`} aria-label="Result">
        <span className={equal ? 'tone-good' : 'tone-bad'}>
          <Icon name={equal ? 'check' : 'warning'} size={22} />
        </span>
        <div>
          <h2>{equal ? 'All nodes are equal' : headOf(report, differing.length)}</h2>
          <Effort report={report} finishedAt={finishedAt} />
          {report.missed.map(({ node, reason }) => (
            <p key={node} className="tone-warn">
              {node} was left out of all or part of it: {reason}
            </p>
          ))}
          <WayOutView report={report} />
        </div>
      </section>
      {repairs === undefined ? null : <RepairList repairs={repairs} />}
      {differing.map((table) => (
        <Differences key={`${table.schema}.${table.table}`} table={table} />
      ))}
      <TableList tables={tables} />
    </>
  );
}

function headOf({ repaired }: VerifyReport, differing: number): string {
  const what = differing === 1 ? '1 table' : `${count(differing)} tables`;
  if (repaired === true) return `${what} differed and ${differing === 1 ? 'was' : 'were'} repaired`;
  return `The nodes differ in ${what}`;
}

function Effort({ report, finishedAt }: ReportViewProps) {
  const { seq, rows, tables, durationMs } = report;
  const took = durationMs < 60_000 ? milliseconds(durationMs) : duration(durationMs);
  const what = `${count(rows)} rows of ${count(tables.length)} tables and programs`;
  return (
    <p className="muted">
      {what}, as of entry {count(seq)}, in {took}; finished {timeOf(finishedAt)}
    </p>
  );
}

const shownMax = 200;

function TableList({ tables }: { readonly tables: readonly VerifiedTable[] }) {
  const [all, setAll] = useState(false);
  const nodes = [...new Set(tables.flatMap((table) => Object.keys(table.nodes)))];
  const sorted = tables.toSorted((a, b) => Number(a.equal) - Number(b.equal));
  const shown = all ? sorted : sorted.slice(0, shownMax);
  const names = nodes.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return (
    <Panel title="Tables" note={`${count(tables.length)}, with their rows on each node`}>
      <div className="scroll">
        <table className="table" aria-label="Compared tables">
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col" className="wide">
                Result
              </th>
              {names.map((node) => (
                <th key={node} scope="col" className="number">
                  {node}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((table) => (
              <TableRow key={`${table.schema}.${table.table}`} table={table} nodes={names} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === sorted.length ? null : (
        <div className="pad">
          <Button small onClick={() => setAll(true)}>
            Show all {count(sorted.length)}
          </Button>
        </div>
      )}
    </Panel>
  );
}

/** A view, a routine or a schema has a definition and no rows. */
const amountOf = ({ table }: VerifiedTable, rows: number): string =>
  table.endsWith(')') ? '–' : count(rows);

interface TableRowProps {
  readonly table: VerifiedTable;
  readonly nodes: readonly string[];
}

function TableRow({ table, nodes }: TableRowProps) {
  const { equal, differing } = table;
  return (
    <tr>
      <th scope="row" className="nowrap">
        <code>{titleOf(table)}</code>
      </th>
      <td>
        <span className={`badge ${equal ? 'tone-good' : 'tone-bad'}`}>
          <Icon name={equal ? 'check' : 'warning'} size={14} />
          {equal ? 'equal' : 'differs'}
        </span>
      </td>
      {nodes.map((node) => {
        const found = table.nodes[node];
        const odd = !equal && differing.includes(node);
        return (
          <td key={node} className={`number nowrap ${odd ? 'tone-bad' : ''}`}>
            {found === undefined ? <span className="muted">not read</span> : null}
            {found?.checksum === 'absent' ? 'missing' : null}
            {found !== undefined && found.checksum !== 'absent'
              ? amountOf(table, found.rows)
              : null}
            {equal || found === undefined || found.checksum === 'absent' ? null : (
              <div className="checksum" title={`checksum ${found.checksum}`}>
                {found.checksum.slice(0, 8)}
              </div>
            )}
          </td>
        );
      })}
    </tr>
  );
}
