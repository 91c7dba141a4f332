import type { NodeStatus } from '../http/balancer-control.ts';
import { bytes, duration, perSecond } from './amounts.ts';

/** A node as it was at a moment, in milliseconds on any clock. */
export interface NodeSample {
  readonly atMs: number;
  readonly node: NodeStatus;
}

/** How far a node is on its way back into rotation. */
export interface NodeProgress {
  readonly kind: 'copy' | 'replay';
  /** From 0 to 1. */
  readonly share: number;
  readonly text: string;
}

/** Undefined for a node that is not on its way. The rate is what was done between the samples. */
export function progressOf(now: NodeSample, before?: NodeSample): NodeProgress | undefined {
  const { node } = now;
  if (node.resync !== undefined) return copyProgress(now, before);
  const replays = node.state === 'RECOVERING' || node.state === 'LAGGING';
  if (!replays || node.pending === 0) return undefined;
  const seconds = before ? (now.atMs - before.atMs) / 1000 : 0;
  const applied = before ? node.position - before.node.position : 0;
  const rate = seconds > 0 && applied > 0 ? applied / seconds : 0;
  // What comes meanwhile has to be applied too.
  const gained = before ? before.node.pending - node.pending : 0;
  const left = rate > 0 && gained > 0 ? (node.pending / gained) * seconds : undefined;
  return {
    kind: 'replay',
    share: node.position / (node.position + node.pending),
    text: [
      `${node.pending} entries left`,
      ...(rate > 0 ? [`${perSecond(rate)}/s`] : []),
      ...(left === undefined ? [] : [`about ${duration(left * 1000)}`]),
    ].join(', '),
  };
}

function copyProgress({ atMs, node }: NodeSample, before?: NodeSample): NodeProgress {
  const { phase, source, tablesDone, tables, bytes: copied } = node.resync!;
  const seconds = before ? (atMs - before.atMs) / 1000 : 0;
  const rate = seconds > 0 ? (copied - (before?.node.resync?.bytes ?? copied)) / seconds : 0;
  const counted = tables === 0 ? phase : `${tablesDone} of ${tables} tables`;
  return {
    kind: 'copy',
    share: tables === 0 ? 0 : tablesDone / tables,
    text: [
      ...(source === '' ? [] : [`from ${source}`]),
      counted,
      ...(copied > 0 ? [bytes(copied)] : []),
      ...(rate > 0 ? [`${bytes(Math.round(rate))}/s`] : []),
    ].join(', '),
  };
}

/** A bar of `width` characters with the share behind it. */
export function progressBar(share: number, width: number): string {
  const whole = Math.max(0, Math.min(1, share));
  const filled = Math.round(whole * width);
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${Math.floor(whole * 100)} %`;
}
