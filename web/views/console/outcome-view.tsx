import type { ReactNode } from 'react';
import { ProblemError } from '../../data/api.ts';
import { count, milliseconds } from '../../data/figures.ts';
import { useStatus } from '../../data/queries.ts';
import { Button } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { messageOf, useNotices } from '../../parts/notices.tsx';
import { Empty } from '../../parts/panel.tsx';
import { hrefOf } from '../../shell/route.ts';
import type { RunState } from './console-store.ts';
import { csvOf, download, jsonOf, tabbedOf, textOf } from './export-rows.ts';
import type { Column, Outcome, Result, Row, Rows, Warning } from './query-shapes.ts';
import { ResultGrid } from './result-grid.tsx';

interface OutcomeViewProps {
  readonly run: RunState;
  /** Runs it again with room for more rows. */
  readonly onMore?: (() => void) | undefined;
}

/** What came of a statement. */
export function OutcomeView({ run, onMore }: OutcomeViewProps) {
  switch (run.kind) {
    case 'idle':
      return (
        <Empty icon="terminal" title="Nothing has been run">
          Ctrl-Enter runs what is selected, or the statement at the cursor.
        </Empty>
      );
    case 'running':
      return run.partial === undefined ? (
        <p className="outcome-line muted" role="status">
          Running …
        </p>
      ) : (
        <RowsView rows={run.partial} label="Rows so far" tookMs={undefined} />
      );
    case 'failed':
      return <FailedView error={run.error} />;
    case 'done':
      return <DoneView outcome={run.outcome} tookMs={run.tookMs} onMore={onMore} />;
  }
}

interface DoneViewProps {
  readonly outcome: Outcome;
  readonly tookMs: number;
  readonly onMore: (() => void) | undefined;
}

function DoneView({ outcome, tookMs, onMore }: DoneViewProps) {
  switch (outcome.kind) {
    case 'rows':
      return <RowsView rows={outcome} label="Result" tookMs={tookMs} onMore={onMore} />;
    case 'result':
      return <ResultView result={outcome} tookMs={tookMs} />;
    case 'accepted':
      return (
        <OutcomeLine>
          Accepted as <code>{outcome.id}</code>: it is executed when the first node returns.
        </OutcomeLine>
      );
  }
}

const OutcomeLine = ({ children }: { readonly children: ReactNode }) => (
  <p className="outcome-line" role="status">
    {children}
  </p>
);

interface RowsViewProps {
  readonly rows: Rows;
  readonly label: string;
  readonly tookMs: number | undefined;
  readonly onMore?: (() => void) | undefined;
}

function RowsView({ rows: outcome, label, tookMs, onMore }: RowsViewProps) {
  const { columns, rows, node, durationMs, truncated, position } = outcome;
  return (
    <>
      <div className="outcome-head">
        <OutcomeLine>
          {truncated ? 'The first ' : ''}
          <strong>{count(rows.length)}</strong> {rows.length === 1 ? 'row' : 'rows'} from{' '}
          <strong>{node}</strong>
          {position === undefined ? '' : ` at entry ${count(position)}`}
          {tookMs === undefined ? (
            ' so far …'
          ) : (
            <span className="muted" title={`${milliseconds(tookMs)} until all was here`}>
              {' '}
              in {milliseconds(durationMs)}
            </span>
          )}
        </OutcomeLine>
        {truncated && onMore !== undefined ? (
          <Button small onClick={onMore}>
            Fetch more
          </Button>
        ) : null}
        {tookMs === undefined ? null : <ExportButtons rows={outcome} />}
      </div>
      <Warnings list={outcome.warningList} />
      {columns.length === 0 ? null : isText(rows) ? (
        <TextRow label={label} columns={columns} row={rows[0] ?? []} />
      ) : (
        <ResultGrid label={label} columns={columns} rows={rows} />
      )}
    </>
  );
}

/** A plan, a definition, a status of a server: one row whose value has lines of its own. */
const isText = (rows: readonly Row[]): boolean =>
  rows.length === 1 &&
  rows[0]?.some((value) => typeof value === 'string' && /\n./.test(value)) === true;

interface TextRowProps {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly row: Row;
}

function TextRow({ label, columns, row }: TextRowProps) {
  return (
    <dl className="text-row" aria-label={label} tabIndex={0}>
      {columns.map(({ name }, index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd>{textOf(row[index])}</dd>
        </div>
      ))}
    </dl>
  );
}

const exports = [
  { name: 'CSV', type: 'text/csv', write: csvOf },
  { name: 'JSON', type: 'application/json', write: jsonOf },
] as const;

function ExportButtons({ rows }: { readonly rows: Rows }) {
  const notices = useNotices();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(tabbedOf(rows));
      notices.done(`${count(rows.rows.length)} rows copied`);
    } catch (error) {
      notices.failed('Copy', error);
    }
  };
  return (
    <div className="export">
      <Button small icon="copy" onClick={() => void copy()}>
        Copy
      </Button>
      {exports.map(({ name, type, write }) => (
        <Button
          key={name}
          small
          icon="download"
          onClick={() => download(`rows.${name.toLowerCase()}`, type, write(rows))}
        >
          {name}
        </Button>
      ))}
    </div>
  );
}

function ResultView({ result, tookMs }: { readonly result: Result; readonly tookMs: number }) {
  const { affectedRows, insertId, node, seq, durationMs, warnings, warningList } = result;
  return (
    <>
      <OutcomeLine>
        <span className="tone-good">
          <Icon name="check" />
        </span>{' '}
        <strong>{count(affectedRows)}</strong> {affectedRows === 1 ? 'row' : 'rows'} affected
        {insertId === '0' ? '' : `, insert id ${insertId}`}, executed first on{' '}
        <strong>{node}</strong>
        {seq === undefined ? ', not logged' : <Applied seq={seq} />}
        <span className="muted" title={`${milliseconds(tookMs)} until the answer was here`}>
          {' '}
          in {milliseconds(durationMs)}
        </span>
        {warnings > 0 && warningList === undefined ? `, ${count(warnings)} warnings` : ''}
      </OutcomeLine>
      <Warnings list={warningList} />
    </>
  );
}

/** Which nodes have an entry by now: one that is away gets it later. */
function Applied({ seq }: { readonly seq: number }) {
  const { data: status } = useStatus();
  const behind = status?.nodes.filter(({ position }) => position < seq) ?? [];
  const isKnown = status !== undefined && status.lastSeq >= seq;
  return (
    <>
      , <a href={hrefOf('log', undefined, { upto: String(seq) })}>entry {count(seq)}</a>
      {!isKnown
        ? ''
        : behind.length === 0
          ? ' on every node'
          : `, still pending for ${behind.map(({ name }) => name).join(', ')}`}
    </>
  );
}

function Warnings({ list }: { readonly list: readonly Warning[] | undefined }) {
  if (list === undefined || list.length === 0) return null;
  return (
    <ul className="warnings" aria-label="Warnings">
      {list.map(({ level, code, message }, index) => (
        <li key={index}>
          <span className="tone-warn">
            <Icon name="warning" size={14} />
          </span>
          <span>
            {level} {code}: {message}
          </span>
        </li>
      ))}
    </ul>
  );
}

function FailedView({ error }: { readonly error: unknown }) {
  const problem = error instanceof ProblemError ? error.problem : undefined;
  return (
    <div className="failure" role="alert">
      <span className="tone-bad">
        <Icon name="cross" />
      </span>
      <div>
        <p>{messageOf(error)}</p>
        <p className="muted">
          {problem?.errno === undefined ? '' : `Error ${problem.errno} (${problem.sqlState}). `}
          {problem?.remedy}
        </p>
      </div>
    </div>
  );
}
