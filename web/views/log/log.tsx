import { useState } from 'react';
import type { LoggedCommand, NodeStatus } from '../../../src/http/schemas.ts';
import { bytes, count } from '../../data/figures.ts';
import { useLog, useNodeLog, useStatus } from '../../data/queries.ts';
import { Empty, Failure, Loading } from '../../parts/panel.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { hrefOf, useRoute } from '../../shell/route.ts';
import { LogTable } from './log-table.tsx';

const pageEntries = 200;
/** Looked through at once. */
const searchedEntries = 1_000;

/** The command log: all of it, or what one node has not applied yet. */
export function Log() {
  const { rest: node } = useRoute();
  const { data: status, error } = useStatus();
  const [search, setSearch] = useState('');
  if (status === undefined) {
    if (error !== null) return <Failure what="The log could not be read" error={error} />;
    return <Loading what="the log" />;
  }
  const { log, nodes, lastSeq } = status;
  return (
    <>
      <NodeTabs nodes={nodes} chosen={node} entries={lastSeq - log.firstSeq + 1} />
      <div className="toolbar" role="search">
        <SearchField label="Search the entries shown" value={search} onChange={setSearch} />
        <span className="muted">
          {bytes(log.sizeBytes)} on disk, entries {count(log.firstSeq)} to {count(lastSeq)}
        </span>
      </div>
      {node === undefined ? (
        <WholeLog lastSeq={lastSeq} search={search} />
      ) : (
        <Pending key={node} node={node} search={search} />
      )}
    </>
  );
}

interface NodeTabsProps {
  readonly nodes: readonly NodeStatus[];
  readonly chosen: string | undefined;
  readonly entries: number;
}

function NodeTabs({ nodes, chosen, entries }: NodeTabsProps) {
  return (
    <nav className="tabs" aria-label="Command log of">
      <a href={hrefOf('log')} {...(chosen === undefined ? { 'aria-current': 'true' } : {})}>
        All entries <span className="count">{count(Math.max(0, entries))}</span>
      </a>
      {nodes.map(({ name, pending }) => (
        <a
          key={name}
          href={hrefOf('log', name)}
          {...(chosen === name ? { 'aria-current': 'true' } : {})}
        >
          {name}
          <span className={pending > 0 ? 'count tone-warn' : 'count'}>
            {count(pending)}
            <span className="visually-hidden"> pending</span>
          </span>
        </a>
      ))}
    </nav>
  );
}

const limitFor = (search: string): number => (search === '' ? pageEntries : searchedEntries);

/** The newest entries, or those up to the one in the address; newest first. */
function WholeLog({ lastSeq, search }: { readonly lastSeq: number; readonly search: string }) {
  const { parameters } = useRoute();
  const upTo = Math.min(lastSeq, Number(parameters.get('upto')) || lastSeq);
  const after = Math.max(0, upTo - limitFor(search));
  const { data, error } = useLog(after, Math.max(1, upTo - after));
  if (data === undefined) {
    if (error !== null) return <Failure what="The log could not be read" error={error} />;
    return <Loading what="the log" />;
  }
  // Where the log begins behind `after`, there come as many as were asked for all the same.
  const entries = data.entries.filter(({ seq }) => seq <= upTo);
  const found = matching(entries, search).toReversed();
  const isGone = upTo < data.firstSeq && data.firstSeq <= lastSeq;
  return (
    <>
      {found.length > 0 ? (
        <LogTable label="Command log" entries={found} />
      ) : search === '' ? (
        <Empty icon="list" title={isGone ? 'No longer kept' : 'The log is empty'}>
          Every statement that changes something is written here before it is acknowledged.
        </Empty>
      ) : (
        <Empty icon="search" title="No match">
          {searchedText(entries)}
        </Empty>
      )}
      <Pages
        newest={upTo < lastSeq ? hrefOf('log') : undefined}
        older={
          after >= data.firstSeq ? hrefOf('log', undefined, { upto: String(after) }) : undefined
        }
      />
    </>
  );
}

interface PagesProps {
  /** Undefined: they are shown. */
  readonly newest: string | undefined;
  readonly older: string | undefined;
}

function Pages({ newest, older }: PagesProps) {
  if (newest === undefined && older === undefined) return null;
  return (
    <nav className="pages" aria-label="Pages of the log">
      {newest === undefined ? null : (
        <a className="button small" href={newest}>
          Newest
        </a>
      )}
      {older === undefined ? null : (
        <a className="button small" href={older}>
          Older
        </a>
      )}
    </nav>
  );
}

function searchedText(entries: readonly LoggedCommand[]): string {
  const [first, last] = [entries[0]?.seq ?? 0, entries.at(-1)?.seq ?? 0];
  return `Entries ${count(first)} to ${count(last)} were searched.`;
}

function Pending({ node, search }: { readonly node: string; readonly search: string }) {
  const { data, error } = useNodeLog(node, limitFor(search));
  if (data === undefined) {
    if (error !== null) return <Failure what={`The log of ${node}`} error={error} />;
    return <Loading what={`the log of ${node}`} />;
  }
  const { pending, position, entries } = data;
  const found = matching(entries, search);
  return (
    <>
      <p className="pending-line" role="status" aria-live="polite">
        <strong className={pending > 0 ? 'tone-warn' : 'tone-good'}>
          {count(pending)} {pending === 1 ? 'command' : 'commands'} pending
        </strong>{' '}
        for {node}, applied up to entry {count(position)}
        {entries.length < pending ? `; the oldest ${count(entries.length)} are shown` : ''}
      </p>
      {found.length === 0 ? (
        <Empty icon="check" title={pending === 0 ? `${node} has every entry` : 'No match'}>
          While {node} is away, the commands that it misses pile up here, and drain when it is back.
        </Empty>
      ) : (
        <LogTable label={`Command log of ${node}`} entries={found} />
      )}
    </>
  );
}

function matching(entries: readonly LoggedCommand[], search: string): readonly LoggedCommand[] {
  if (search === '') return entries;
  const wanted = search.toLowerCase();
  return entries.filter(
    ({ seq, commands }) =>
      String(seq) === wanted || commands.some(({ sql }) => sql.toLowerCase().includes(wanted)),
  );
}
