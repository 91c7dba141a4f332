import { useDeferredValue, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { FeedEvent } from '../../data/event-feed.ts';
import { type EventGroup, eventGroups, groupOf, nodeOf, wordsOf } from '../../data/event-words.ts';
import { count } from '../../data/figures.ts';
import { useFeed } from '../../data/live.tsx';
import { useStatus } from '../../data/queries.ts';
import { Empty } from '../../parts/panel.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { useVirtualRows } from '../../parts/virtual-rows.ts';
import { EventLine } from './event-line.tsx';

interface Filter {
  readonly group: EventGroup | 'all';
  readonly node: string;
  readonly search: string;
}

/** What happened, newest first. */
export function Events() {
  const { events } = useFeed();
  const [filter, setFilter] = useState<Filter>({ group: 'all', node: '', search: '' });
  const deferred = useDeferredValue(events);
  const shown = useMemo(
    () => deferred.filter((event) => matches(event, filter)).toReversed(),
    [deferred, filter],
  );
  return (
    <>
      <Filters filter={filter} onChange={setFilter}>
        {count(shown.length)} of {count(events.length)}
      </Filters>
      {shown.length === 0 ? (
        <Empty icon="pulse" title={events.length === 0 ? 'Nothing has happened yet' : 'No match'}>
          {events.length === 0
            ? 'Failovers, recoveries and changed settings appear here as they happen.'
            : 'No event matches the filter.'}
        </Empty>
      ) : (
        <EventRows events={shown} />
      )}
    </>
  );
}

const narrow = window.matchMedia('(max-width: 600px)');
/** Where there is little room, what happened stands below its title. */
const rowHeights = { narrow: 68, wide: 32 } as const;

function useRowHeight(): number {
  const isNarrow = useSyncExternalStore(
    (listener) => {
      narrow.addEventListener('change', listener);
      return () => narrow.removeEventListener('change', listener);
    },
    () => narrow.matches,
  );
  return rowHeights[isNarrow ? 'narrow' : 'wide'];
}

function EventRows({ events }: { readonly events: readonly FeedEvent[] }) {
  const box = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();
  const { first, end } = useVirtualRows(box, { rows: events.length, rowHeight });
  return (
    <div className="rows-box" ref={box} tabIndex={0} role="region" aria-label="Events">
      <ol style={{ height: events.length * rowHeight }}>
        {events.slice(first, end).map((event, index) => (
          <li
            key={event.key}
            aria-setsize={events.length}
            aria-posinset={first + index + 1}
            style={{
              height: rowHeight,
              transform: `translateY(${(first + index) * rowHeight}px)`,
            }}
          >
            <EventLine event={event} />
          </li>
        ))}
      </ol>
    </div>
  );
}

interface FiltersProps {
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
  readonly children: React.ReactNode;
}

function Filters({ filter, onChange, children }: FiltersProps) {
  const nodes = useStatus().data?.nodes ?? [];
  const groups = Object.entries(eventGroups) as [EventGroup, string][];
  return (
    <div className="toolbar" role="search">
      <SearchField
        label="Search events"
        value={filter.search}
        onChange={(search) => onChange({ ...filter, search })}
      />
      <select
        aria-label="Kind of event"
        value={filter.group}
        onChange={({ target }) => onChange({ ...filter, group: target.value as EventGroup })}
      >
        <option value="all">All kinds</option>
        {groups.map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      <select
        aria-label="Node"
        value={filter.node}
        onChange={({ target }) => onChange({ ...filter, node: target.value })}
      >
        <option value="">All nodes</option>
        {nodes.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <span className="muted" role="status">
        {children}
      </span>
    </div>
  );
}

function matches(event: FeedEvent, { group, node, search }: Filter): boolean {
  if (group !== 'all' && groupOf(event) !== group) return false;
  if (node !== '' && nodeOf(event) !== node) return false;
  if (search === '') return true;
  const { title, text } = wordsOf(event);
  return `${title} ${text} ${event.kind}`.toLowerCase().includes(search.toLowerCase());
}
