import { useState } from 'react';
import { count, duration } from '../../data/figures.ts';
import { useMayOperate } from '../../data/me.ts';
import { useNow } from '../../data/live.tsx';
import { useChange, usePolled } from '../../data/queries.ts';
import type { Session, Sessions as SessionList } from '../../data/shapes.ts';
import { useAsk } from '../../parts/confirm.tsx';
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
    <div className="scroll framed">
      <table className="table" aria-label="Sessions">
        <thead>
          <tr>
            <th scope="col" className="number">
              Id
            </th>
            <th scope="col">Who</th>
            <th scope="col" className="wide">
              Doing
            </th>
            <th scope="col" className="number">
              For
            </th>
            <th scope="col">Keeps a connection</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <tr key={session.id}>
              <td className="number">{session.id}</td>
              <td className="nowrap">
                {session.user}@{session.host}
                <div className="muted">
                  {[session.program, session.schema, session.tls ? 'TLS' : 'no TLS']
                    .filter((part) => part !== undefined && part !== '')
                    .join(' · ')}
                </div>
              </td>
              <td className="statement">
                {session.sql === undefined ? null : (
                  <code className="sql clipped" title={session.sql}>
                    {session.sql}
                  </code>
                )}
                <span className="muted">
                  {session.state}
                  {session.inTransaction ? ' · in a transaction' : ''}
                </span>
              </td>
              <td className="number nowrap">{duration(now - Date.parse(session.since))}</td>
              <td>
                {session.pinned === undefined ? (
                  <span className="muted">no</span>
                ) : (
                  <>
                    {session.node === undefined ? '' : `on ${session.node}: `}
                    {session.pinned}
                  </>
                )}
              </td>
              <td className="nowrap">
                <KillButton session={session} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function KillButton({ session: { id, user, host, inTransaction } }: { readonly session: Session }) {
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
    <button
      type="button"
      className="button small"
      aria-label={`Kill session ${id}`}
      onClick={() => void kill()}
    >
      Kill …
    </button>
  );
}
