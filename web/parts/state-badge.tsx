import type { NodeStatus } from '../../src/http/schemas.ts';
import type { Tone } from '../data/event-words.ts';
import { Icon, type IconName } from './icon.tsx';

type State = NodeStatus['state'];

const looks: Readonly<Record<State, { readonly icon: IconName; readonly tone: Tone }>> = {
  UP: { icon: 'check', tone: 'good' },
  JOINING: { icon: 'enter', tone: 'busy' },
  RECOVERING: { icon: 'replay', tone: 'busy' },
  RESYNCING: { icon: 'copy', tone: 'busy' },
  LAGGING: { icon: 'clock', tone: 'warn' },
  DRAINING: { icon: 'drain', tone: 'warn' },
  DISABLED: { icon: 'pause', tone: 'quiet' },
  DOWN: { icon: 'cross', tone: 'bad' },
  QUARANTINED: { icon: 'shield', tone: 'bad' },
};

export const toneOfState = (state: State): Tone => looks[state].tone;

/** A node's state by icon, word and colour. */
export function StateBadge({ state }: { readonly state: State }) {
  const { icon, tone } = looks[state];
  return (
    <span className={`badge tone-${tone}`}>
      <Icon name={icon} size={14} />
      {state}
    </span>
  );
}
