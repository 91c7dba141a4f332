import { bytes, count, duration } from './figures.ts';
import type { FeedEvent } from './event-feed.ts';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

export interface EventWords {
  /** What happened, in two or three words. */
  readonly title: string;
  /** The facts, in one sentence. */
  readonly text: string;
  readonly tone: Tone;
}

/** The chapters of the timeline, by which it can be filtered. */
export const eventGroups = {
  nodes: 'Nodes',
  recovery: 'Recovery',
  data: 'Data',
  log: 'Log',
  settings: 'Settings',
  statements: 'Statements',
  other: 'Other',
} as const;
export type EventGroup = keyof typeof eventGroups;

const groupsByKind: Readonly<Record<string, EventGroup>> = {
  started: 'other',
  stopping: 'other',
  node_state_changed: 'nodes',
  leader_changed: 'nodes',
  node_busy: 'nodes',
  worker_ended: 'other',
  answer_lost: 'nodes',
  node_added: 'nodes',
  node_removed: 'nodes',
  replay_started: 'recovery',
  replay_finished: 'recovery',
  recovery_failed: 'recovery',
  divergence: 'data',
  strategy_changed: 'settings',
  setting_changed: 'settings',
  operator_action: 'settings',
  weight_changed: 'settings',
  members_warning: 'settings',
  node_settings_warning: 'settings',
  refused_statement: 'statements',
  place_given_up: 'log',
};

export function groupOf({ kind }: FeedEvent): EventGroup {
  if (kind.startsWith('resync_')) return 'recovery';
  if (kind.startsWith('verify_')) return 'data';
  if (kind.startsWith('log_')) return 'log';
  return groupsByKind[kind] ?? 'other';
}

export function nodeOf({ facts }: FeedEvent): string | undefined {
  const named = facts['node'] ?? facts['to'];
  return typeof named === 'string' ? named : undefined;
}

type Facts = Readonly<Record<string, string>>;
type Teller = (facts: Facts) => EventWords;

const words = (tone: Tone, title: string, text: string): EventWords => ({ tone, title, text });
const number = (text: string | undefined): string => count(Number(text ?? 0));
const missedEntries = (entries: string | undefined): string =>
  Number(entries) === 0 ? 'nothing: it missed no entry' : `${number(entries)} entries it missed`;
const tablesText = (differing: string | undefined): string =>
  differing === '1' ? 'one table or definition' : `${number(differing)} tables or definitions`;
const lasted = (text: string | undefined): string => duration(Number(text ?? 0));

/** startDemoNode: start demo node */
const apart = (name = ''): string =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const tonesOfState: Readonly<Record<string, Tone>> = {
  UP: 'good',
  DOWN: 'bad',
  QUARANTINED: 'bad',
  LAGGING: 'warn',
  DISABLED: 'quiet',
  DRAINING: 'quiet',
};

const nodeTellers: Readonly<Record<string, Teller>> = {
  started: ({ version, nodes }) =>
    words('quiet', 'Balancer started', `Lockstep ${version} with ${nodes}`),
  worker_ended: ({ pid, reason }) =>
    words('warn', 'Worker ended', `process ${pid} (${reason}): its clients were disconnected`),
  stopping: ({ reason }) => words('warn', 'Balancer stopping', reason ?? ''),
  node_state_changed: ({ node, from, to, reason }) =>
    words(tonesOfState[to ?? ''] ?? 'busy', `${node} is ${to}`, `was ${from}: ${reason}`),
  leader_changed: ({ from, to, reason }) =>
    to === undefined
      ? words('bad', 'No leader', `${from ?? 'none'} led before: ${reason}`)
      : from === undefined
        ? words('good', `${to} leads`, reason ?? '')
        : words('warn', `${to} leads`, `after ${from}: ${reason}`),
  node_busy: ({ node, reason }) => words('warn', `${node} is busy`, reason ?? ''),
  answer_lost: ({ node, silentMs }) =>
    words('warn', `Answer lost on ${node}`, `nothing came for ${lasted(silentMs)}`),
  node_added: ({ node, address }) => words('good', `${node} joined`, address ?? ''),
  node_removed: ({ node, address }) => words('quiet', `${node} removed`, address ?? ''),
};

const recoveryTellers: Readonly<Record<string, Teller>> = {
  replay_started: ({ node, entries }) => words('busy', `${node} replays`, missedEntries(entries)),
  replay_finished: ({ node, entries, durationMs }) =>
    words(
      'good',
      `${node} has caught up`,
      Number(entries) === 0 ? '' : `${number(entries)} entries in ${lasted(durationMs)}`,
    ),
  recovery_failed: ({ node, reason }) => words('bad', `Recovery of ${node} failed`, reason ?? ''),
  resync_started: ({ node, source, seq }) =>
    words('busy', `${node} is copied anew`, `from ${source}, as of entry ${number(seq)}`),
  resync_finished: ({ node, source, rows, bytes: size, durationMs }) =>
    words(
      'good',
      `${node} is a copy of ${source}`,
      `${number(rows)} rows, ${bytes(Number(size ?? 0))} in ${lasted(durationMs)}`,
    ),
  resync_failed: ({ node, reason }) => words('bad', `Copy to ${node} failed`, reason ?? ''),
  resync_warning: ({ node, detail }) => words('warn', `Copy to ${node}`, detail ?? ''),
};

const dataTellers: Readonly<Record<string, Teller>> = {
  divergence: ({ node, seq, detail }) =>
    words('bad', `${node} diverged`, `at entry ${number(seq)}: ${detail}`),
  verify_started: ({ tables }) =>
    words('busy', 'Verification began', tables ? `of ${tables}` : 'of everything'),
  verify_finished: ({ equal, rows, differing, durationMs }) =>
    equal === 'true'
      ? words('good', 'All nodes are equal', `${number(rows)} rows in ${lasted(durationMs)}`)
      : words('bad', 'Nodes differ', `in ${tablesText(differing)}`),
  verify_failed: ({ reason }) => words('warn', 'Verification ended', reason ?? ''),
  verify_difference: ({ table, nodes, where }) =>
    words('bad', `${table} differs`, `on ${nodes}${where ? `, first where ${where}` : ''}`),
  verify_repaired: ({ node, repaired, failed }) =>
    words('good', `${node} repaired`, `${number(repaired)} ranges, ${number(failed)} failed`),
};

const otherTellers: Readonly<Record<string, Teller>> = {
  strategy_changed: ({ from, to }) => words('quiet', 'Strategy changed', `from ${from} to ${to}`),
  operator_action: ({ operation, target }) =>
    words('quiet', `Asked: ${apart(operation)}`, target ?? ''),
  setting_changed: ({ path, from, to }) =>
    words('quiet', 'Setting changed', `${path} from ${from} to ${to}`),
  members_warning: ({ message }) => words('warn', 'Nodes', message ?? ''),
  node_settings_warning: ({ node, setting, found, wanted, remedy }) =>
    words('warn', `Setting of ${node}`, `${setting} is ${found}, not ${wanted}: ${remedy}`),
  log_warning: ({ message }) => words('warn', 'Log', message ?? ''),
  log_unavailable: ({ reason }) => words('bad', 'Writes are refused', reason ?? ''),
  log_available: () => words('good', 'Writes are taken again', ''),
  log_truncated: ({ before }) =>
    words('quiet', 'Log cut', `entries before ${number(before)} are gone`),
  log_space_low: ({ folder, freeBytes }) =>
    words('bad', 'Little disk space', `${bytes(Number(freeBytes))} free in ${folder}`),
  log_space_ok: ({ folder }) => words('good', 'Enough disk space again', folder ?? ''),
  place_given_up: ({ node, pending, limit }) =>
    words('bad', `${node} needs a resync`, `it lacks ${number(pending)} entries (${limit})`),
  refused_statement: ({ reason, sql }) => words('warn', 'Statement refused', `${reason}: ${sql}`),
  gap: ({ missed }) => words('warn', 'Events missed', `${number(missed)} are no longer kept`),
};

const tellers: Readonly<Record<string, Teller>> = {
  ...nodeTellers,
  ...recoveryTellers,
  ...dataTellers,
  ...otherTellers,
};

/** What an event says; one of a kind that is new to this page tells its facts as they are. */
export function wordsOf({ kind, facts }: FeedEvent): EventWords {
  const texts = Object.fromEntries(
    Object.entries(facts)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, plain(value)]),
  );
  const told = tellers[kind]?.(texts);
  const by = texts['by'] !== undefined && kind !== 'node_added' ? ` (by ${texts['by']})` : '';
  if (told !== undefined) return { ...told, text: `${told.text}${by}` };
  const title = kind.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase());
  const rest = Object.entries(texts).map(([name, value]) => `${name}: ${value}`);
  return words('quiet', title, rest.join(', '));
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
}
