import { duration } from '../data/figures.ts';
import { healthOf } from '../data/health.ts';
import { useConnection, useNow } from '../data/live.tsx';
import { useStatus } from '../data/queries.ts';
import { Icon, type IconName } from '../parts/icon.tsx';

const icons: Readonly<Record<'good' | 'warn' | 'bad' | 'quiet', IconName>> = {
  good: 'check',
  warn: 'warning',
  bad: 'cross',
  quiet: 'clock',
};

/** The one line that says how things are; the same in every view. */
export function StatusLine() {
  const { data, isError } = useStatus();
  const connection = useConnection();
  const { tone, word, text } = healthOf(data, connection, isError);
  return (
    <div className={`status-line tone-${tone}`}>
      <Icon name={icons[tone]} size={22} />
      <p role="status" aria-live="polite">
        <strong>{word}</strong> <span>{text}</span>
      </p>
      <ConnectionNote />
    </div>
  );
}

function ConnectionNote() {
  const connection = useConnection();
  const now = useNow();
  switch (connection.kind) {
    case 'open':
      return (
        <span className="connection muted">
          <span className="live-dot" />
          Live
        </span>
      );
    case 'connecting':
      return <span className="connection muted">Connecting …</span>;
    case 'lost':
      return (
        <span className="connection">
          <Icon name="plug" size={14} />
          Reconnecting, away for {duration(now - connection.sinceMs)}
        </span>
      );
  }
}
