import type { ComponentType } from 'react';
import type { IconName } from '../parts/icon.tsx';
import { Events } from '../views/events/events.tsx';
import { Log } from '../views/log/log.tsx';
import { Overview } from '../views/overview/overview.tsx';
import { Strategy } from '../views/strategy/strategy.tsx';

export interface View {
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly Body: ComponentType;
}

/** What the page has, in the order of its navigation. */
export const views: readonly View[] = [
  { name: 'overview', title: 'Overview', icon: 'overview', Body: Overview },
  { name: 'log', title: 'Command log', icon: 'list', Body: Log },
  { name: 'events', title: 'Timeline', icon: 'pulse', Body: Events },
  { name: 'strategy', title: 'Strategy', icon: 'split', Body: Strategy },
];
