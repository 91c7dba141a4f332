import { useState } from 'react';
import type { LoggedCommand, NodeStatus } from '../../../src/http/schemas.ts';
import { bytes, count } from '../../data/figures.ts';
import { useLog, useNodeLog, useStatus } from '../../data/queries.ts';
import { Button } from '../../parts/button.tsx';
import { Empty, Failure, Loading } from '../../parts/panel.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { hrefOf, useRoute } from '../../shell/route.ts';
import { LogTable } from './log-table.tsx';

const pageEntries = 200;

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

function WholeLog({ lastSeq, search }: { readonly lastSeq: number; readonly search: string }) {
  const [pages, setPages] = useState(1);
  const limit = Math.min(1000, pages * pageEntries);
  const after = Math.max(0, lastSeq - limit);
  const { data, error } = useLog(after, limit, true);
  if (data === undefined) {
    if (error !== null) return <Failure what="The log could not be read" error={error} />;
    return <Loading what="the log" />;
  }
  const found = matching(data.entries, search).toReversed();
  if (found.length === 0) {
    return (
      <Empty icon="list" title={search === '' ? 'The log is empty' : 'No match'}>
        Every statement that changes something is written here before it is acknowledged.
      </Empty>
    );
  }
  const hasMore = after >= data.firstSeq && limit < 1000;
  return (
    <>
      <LogTable label="Command log" entries={found} />
      {hasMore ? <Button onClick={() => setPages(pages + 1)}>Show older</Button> : null}
    </>
  );
}

function Pending({ node, search }: { readonly node: string; readonly search: string }) {
  const { data, error } = useNodeLog(node, pageEntries, true);
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
