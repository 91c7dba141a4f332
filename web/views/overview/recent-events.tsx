import { useFeed } from '../../data/live.tsx';
import { Panel } from '../../parts/panel.tsx';
import { hrefOf } from '../../shell/route.ts';
import { EventLine } from '../events/event-line.tsx';

const shownMax = 8;

export function RecentEvents() {
  const { events } = useFeed();
  const latest = events.slice(-shownMax).toReversed();
  return (
    <Panel title="Latest events" actions={<a href={hrefOf('events')}>All</a>}>
      {latest.length === 0 ? (
        <p className="muted pad">Nothing has happened yet.</p>
      ) : (
        <ol className="event-list">
          {latest.map((event) => (
            <li key={event.key}>
              <EventLine event={event} />
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
