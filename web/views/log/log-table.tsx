import { memo } from 'react';
import type { LoggedCommand } from '../../../src/http/schemas.ts';
import { bytes, count, timeOf } from '../../data/figures.ts';

interface LogTableProps {
  readonly label: string;
  readonly entries: readonly LoggedCommand[];
}

/** Entries with their commands; what was pinned is folded away. */
export function LogTable({ label, entries }: LogTableProps) {
  return (
    <div className="scroll">
      <table className="table log-table" aria-label={label}>
        <thead>
          <tr>
            <th scope="col" className="number">
              Seq
            </th>
            <th scope="col">Time</th>
            <th scope="col" className="wide">
              SQL
            </th>
            <th scope="col">On the leader</th>
            <th scope="col" className="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <EntryRow key={entry.seq} entry={entry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** An entry never changes, so its row is drawn once. */
const EntryRow = memo(
  function EntryRow({ entry: { seq, at, kind, commands, bytes: size } }: EntryRowProps) {
    return (
      <tr>
        <td className="number">{count(seq)}</td>
        <td className="nowrap">
          <time dateTime={at}>{timeOf(at)}</time>
        </td>
        <td>
          {kind === 'ddl' ? <span className="badge tone-quiet">DDL</span> : null}
          {commands.map((command, index) => (
            <Command key={index} command={command} />
          ))}
        </td>
        <td className="nowrap">
          {commands.map((command, index) => (
            <div key={index}>{resultOf(command)}</div>
          ))}
        </td>
        <td className="number nowrap">{bytes(size)}</td>
      </tr>
    );
  },
  (before, after) => before.entry.seq === after.entry.seq && before.entry.at === after.entry.at,
);

interface EntryRowProps {
  readonly entry: LoggedCommand;
}

type LogCommand = LoggedCommand['commands'][number];

function Command({ command: { sql, schema, pins } }: { readonly command: LogCommand }) {
  const pinned = Object.entries(pins);
  return (
    <div className="command">
      <code className="sql">{sql}</code>
      {pinned.length === 0 ? null : (
        <details className="pins">
          <summary>
            {pinned.length} {pinned.length === 1 ? 'pin' : 'pins'}
            {schema === '' ? '' : ` · ${schema}`}
          </summary>
          <dl>
            {pinned.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

function resultOf({ affectedRows, insertId, errno }: LogCommand): string {
  if (errno !== 0) return `error ${errno}`;
  const rows = `${count(affectedRows)} ${affectedRows === 1 ? 'row' : 'rows'}`;
  return insertId === '0' ? rows : `${rows}, id ${insertId}`;
}
