import type { BalancerStatus, NodeStatus } from '../http/balancer-control.ts';
import { bytes, counted, duration } from './amounts.ts';
import { cacheLine } from './cache-line.ts';
import { type ExitCode, exitCodes } from './cli-error.ts';
import { progressBar, progressOf } from './node-progress.ts';
import { nodeTable } from './node-table.ts';
import { paintFor, type Tone } from './style.ts';
import { fitText } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface StatusSample {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly status: BalancerStatus;
}

/** What an operator took out on purpose is no fault. */
const meant = ({ state }: NodeStatus): boolean => state === 'DISABLED' || state === 'DRAINING';

/**
 * As an exit code: all well; a node is missing or differs, but all is served; or something is not.
 */
export function healthOf({ nodes, leader, log, differing }: BalancerStatus): ExitCode {
  if (leader === undefined || log.failure !== undefined) return exitCodes.unserved;
  if (differing !== undefined) return exitCodes.failed;
  return nodes.every((node) => node.inSync || meant(node)) ? exitCodes.ok : exitCodes.failed;
}

const tones: Readonly<Partial<Record<ExitCode, Tone>>> = {
  [exitCodes.ok]: 'good',
  [exitCodes.failed]: 'warning',
  [exitCodes.unserved]: 'bad',
};

/** One screen; with an earlier sample also what happens in a second. */
export function statusText(
  now: StatusSample,
  before: StatusSample | undefined,
  terminal: Pick<Terminal, 'width' | 'colours'>,
): string {
  const { status } = now;
  const paint = paintFor(terminal);
  const { version, uptimeMs, strategy, consistency, acks, log, sessions, leader, epoch } = status;
  const { cache } = status;
  const held = log.firstSeq > log.lastSeq ? 'empty' : `${log.firstSeq} to ${log.lastSeq}`;
  const quiet = [
    `version ${version}, up ${duration(uptimeMs)}, ${counted(sessions, 'sessions')}, ` +
      (leader === undefined ? 'no leader' : `leader ${leader}, term ${epoch}`),
    `strategy ${strategy}, consistency ${consistency}, acks ${acks}`,
    `log ${held}, ${bytes(log.sizeBytes)} of at most ${bytes(log.retentionBytes)} ` +
      'for nodes that are away',
    ...(cache ? [cacheLine(cache)] : []),
  ];
  const readsPerSecond = before && readRates(now, before);
  return [
    paint(tones[healthOf(status)] ?? 'strong', status.summary),
    '',
    ...quiet.map((line) => fitText(line, terminal.width)),
    '',
    nodeTable(status.nodes, {
      terminal,
      nowMs: now.atMs,
      ...(readsPerSecond ? { readsPerSecond } : {}),
    }),
    ...progressLines(now, before, terminal.width),
  ].join('\n');
}

function readRates(now: StatusSample, before: StatusSample): ReadonlyMap<string, number> {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const earlier = new Map(before.status.nodes.map(({ name, reads }) => [name, reads]));
  return new Map(
    now.status.nodes.map(({ name, reads }) => {
      const since = reads - (earlier.get(name) ?? reads);
      return [name, Math.max(0, since) / seconds];
    }),
  );
}

const barWidth = 20;

function progressLines(
  now: StatusSample,
  before: StatusSample | undefined,
  width: number,
): string[] {
  const earlier = new Map(before?.status.nodes.map((node) => [node.name, node]));
  const lines = now.status.nodes.flatMap((node) => {
    const known = earlier.get(node.name);
    const sample = before && known ? { atMs: before.atMs, node: known } : undefined;
    const progress = progressOf({ atMs: now.atMs, node }, sample);
    if (progress === undefined) return [];
    const { kind, share, text } = progress;
    return fitText(`${node.name} ${kind} ${progressBar(share, barWidth)}, ${text}`, width);
  });
  return lines.length === 0 ? [] : ['', ...lines];
}
