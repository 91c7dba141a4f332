import { useState } from 'react';
import { count, duration } from '../../data/figures.ts';
import { useMayOperate } from '../../data/me.ts';
import { useNow } from '../../data/live.tsx';
import { useChange, usePolled } from '../../data/queries.ts';
import type { Session, Sessions as SessionList } from '../../data/shapes.ts';
import { Button } from '../../parts/button.tsx';
import { useAsk } from '../../parts/confirm.tsx';
import { type DataColumn, DataTable, Statement } from '../../parts/data-table.tsx';
import { useNotices } from '../../parts/notices.tsx';
import { Empty, Failure, Loading } from '../../parts/panel.tsx';
import { SearchField } from '../../parts/search-field.tsx';

/** Who is connected, what they are at, and who keeps a connection for himself. */
export function Sessions() {
  const { data, error } = usePolled<SessionList>('/sessions', 1_000);
  const [search, setSearch] = useState('');
  if (data === undefined) {
    if (error !== null) return <Failure what="The sessions could not be read" error={error} />;
    return <Loading what="the sessions" />;
  }
  const wanted = search.toLowerCase();
  const found = data.sessions.filter((session) =>
    Object.values(session).some((value) => String(value).toLowerCase().includes(wanted)),
  );
  return (
    <>
      <div className="toolbar" role="search">
        <SearchField label="Search sessions" value={search} onChange={setSearch} />
        <span className="muted" role="status">
          {count(found.length)} of {count(data.total ?? data.sessions.length)}
        </span>
      </div>
      {found.length === 0 ? (
        <Empty icon="people" title={search === '' ? 'Nobody is connected' : 'No match'}>
          Clients connect to the MySQL port of the balancer as to one server.
        </Empty>
      ) : (
        <SessionTable sessions={found} />
      )}
    </>
  );
}

function SessionTable({ sessions }: { readonly sessions: readonly Session[] }) {
  const now = useNow();
  return (
    <DataTable label="Sessions" columns={columnsAt(now)} rows={sessions} keyOf={({ id }) => id} />
  );
}

const columnsAt = (now: number): readonly DataColumn<Session>[] => [
  { name: 'Id', kind: 'number', cell: ({ id }) => id },
  { name: 'Who', cell: (session) => <Who session={session} /> },
  {
    name: 'Doing',
    kind: 'wide',
    cell: ({ sql, state, inTransaction }) => (
      <>
        {sql === undefined ? null : <Statement sql={sql} />}
        <span className="muted">
          {state}
          {inTransaction && sql !== undefined ? ' · in a transaction' : ''}
        </span>
      </>
    ),
  },
  { name: 'For', kind: 'number', cell: ({ since }) => duration(now - Date.parse(since)) },
  { name: 'Keeps a connection', kind: 'text', cell: (session) => <Pinned session={session} /> },
  { name: 'Actions', hidden: true, cell: (session) => <KillButton session={session} /> },
];

interface OfSession {
  readonly session: Session;
}

function Who({ session: { user, host, program, schema, tls } }: OfSession) {
  return (
    <>
      {user}@{host}
      <div className="muted">
        {[program, schema, tls ? 'TLS' : 'no TLS']
          .filter((part) => part !== undefined && part !== '')
          .join(' · ')}
      </div>
    </>
  );
}

function Pinned({ session: { pinned } }: OfSession) {
  return pinned === undefined ? (
    <span className="muted">no</span>
  ) : (
    <div className="pinned">{pinned}</div>
  );
}

function KillButton({ session: { id, user, host, inTransaction } }: OfSession) {
  const mayOperate = useMayOperate();
  const ask = useAsk();
  const notices = useNotices();
  const { mutateAsync } = useChange();
  const kill = async () => {
    const open = inTransaction ? ' Its open transaction is rolled back.' : '';
    const goOn = await ask({
      title: `Kill session ${id} of ${user}@${host}?`,
      consequence: `Its connection is closed and what it is at ends with an error.${open}`,
      action: 'Kill session',
      dangerous: true,
    });
    if (!goOn) return;
    try {
      await mutateAsync({ method: 'POST', path: `/sessions/${id}/kill` });
      notices.done(`Session ${id} was killed`);
    } catch (error) {
      notices.failed(`Session ${id}`, error);
    }
  };
  if (!mayOperate) return null;
  return (
    <Button small aria-label={`Kill session ${id}`} onClick={() => void kill()}>
      Kill …
    </Button>
  );
}
