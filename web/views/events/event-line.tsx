import { memo } from 'react';
import type { FeedEvent } from '../../data/event-feed.ts';
import { type Tone, wordsOf } from '../../data/event-words.ts';
import { timeOf } from '../../data/figures.ts';
import { hrefOf } from '../../shell/route.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';

const icons: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  busy: 'replay',
  warn: 'warning',
  bad: 'cross',
  quiet: 'info',
};

export const EventLine = memo(function EventLine({ event }: { readonly event: FeedEvent }) {
  const { title, text, tone } = wordsOf(event);
  return (
    <div className="event-line">
      <time dateTime={new Date(event.at).toISOString()} title={new Date(event.at).toISOString()}>
        <a href={hrefOf('overview', undefined, { at: String(event.at) })}>{timeOf(event.at)}</a>
      </time>
      <span className={`tone-${tone}`}>
        <Icon name={icons[tone]} size={14} />
      </span>
      <strong>{title}</strong>
      <span className="event-text" title={text}>
        {text}
      </span>
    </div>
  );
});
