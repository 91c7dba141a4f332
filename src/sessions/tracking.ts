import type { SessionCore } from './session-core.ts';

/** What a session has asked to be told of itself in OK packets (`session_track_…`). */
export interface Tracking {
  /** System variables; undefined for all of them. */
  readonly variables: ReadonlySet<string> | undefined;
  readonly schema: boolean;
  readonly stateChange: boolean;
  readonly transaction: 'off' | 'state' | 'characteristics';
}

const cached = new WeakMap<ReadonlyMap<string, string>, Tracking>();

/** As the session has set it, else as the servers do for everybody. */
export function trackingOf(core: SessionCore): Tracking {
  const { settings } = core.state.carried;
  const known = cached.get(settings);
  if (known) return known;
  const defaults = core.anyFacts()?.tracking;
  const valueOf = (name: string): string => {
    const literal = settings.get(`session_track_${name}`) ?? defaults?.get(name) ?? "''";
    return literal.replace(/^'|'$/g, '');
  };
  const on = (name: string): boolean => /^(?:1|ON)$/i.test(valueOf(name));
  const names = valueOf('system_variables').toLowerCase();
  const transaction = valueOf('transaction_info').toLowerCase();
  const tracking: Tracking = {
    variables: names === '*' ? undefined : new Set(names.split(',').map((name) => name.trim())),
    schema: on('schema'),
    stateChange: on('state_change'),
    transaction: transaction === 'state' || transaction === 'characteristics' ? transaction : 'off',
  };
  if (defaults) cached.set(settings, tracking);
  return tracking;
}

export const isTracked = ({ variables }: Tracking, name: string): boolean =>
  variables === undefined || variables.has(name);
