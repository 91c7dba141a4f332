import { type ComponentType, lazy } from 'react';
import type { IconName } from '../parts/icon.tsx';
import { Events } from '../views/events/events.tsx';
import { Log } from '../views/log/log.tsx';
import { Overview } from '../views/overview/overview.tsx';
import { Queries } from '../views/queries/queries.tsx';
import { Sessions } from '../views/sessions/sessions.tsx';
import { Settings } from '../views/settings/settings.tsx';
import { Strategy } from '../views/strategy/strategy.tsx';

export interface View {
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly Body: ComponentType;
}

/** With the editor, which weighs more than all the rest: loaded when it is asked for. */
const Console = lazy(async () => ({
  default: (await import('../views/console/console.tsx')).Console,
}));

const Verify = lazy(async () => ({
  default: (await import('../views/verify/verify.tsx')).Verify,
}));

/** What the page has, in the order of its navigation. */
export const views: readonly View[] = [
  { name: 'overview', title: 'Overview', icon: 'overview', Body: Overview },
  { name: 'console', title: 'SQL console', icon: 'terminal', Body: Console },
  { name: 'log', title: 'Command log', icon: 'list', Body: Log },
  { name: 'events', title: 'Timeline', icon: 'pulse', Body: Events },
  { name: 'queries', title: 'Queries', icon: 'bars', Body: Queries },
  { name: 'sessions', title: 'Sessions', icon: 'people', Body: Sessions },
  { name: 'verify', title: 'Verify', icon: 'compare', Body: Verify },
  { name: 'strategy', title: 'Strategy', icon: 'split', Body: Strategy },
  { name: 'settings', title: 'Settings', icon: 'sliders', Body: Settings },
];
