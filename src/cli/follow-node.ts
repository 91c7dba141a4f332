import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import type { NodeStatus } from '../http/balancer-control.ts';
import { callApi } from './call-api.ts';
import { type NodeSample, progressBar, progressOf } from './node-progress.ts';
import { fitText } from './table.ts';
import type { Terminal } from './terminal.ts';

const pollMs = 500;
const barWidth = 24;

/**
 * Says how far a node is until it is in rotation, beginning with what is known of it; resolves
 * with how it ended: UP, or out of rotation and not on its way. A terminal gets a bar.
 */
export async function followNode(
  url: string,
  known: NodeStatus,
  terminal: Terminal,
): Promise<NodeStatus> {
  const { name } = known;
  let said = '';
  let before: NodeSample | undefined;
  for (let node = known; ; ) {
    const now = { atMs: systemClock.nowMs(), node };
    const isEnd = node.state === 'UP' || isOver(node);
    if (terminal.draw && !isEnd) terminal.draw(fitText(bar(now, before), terminal.width));
    const text = `${name} ${progressText(node)}`;
    if (text !== said && (isEnd || !terminal.draw)) terminal.say(text);
    said = text;
    if (isEnd) return node;
    before = now;
    await delay(pollMs);
    const path = `/nodes/${encodeURIComponent(name)}`;
    node = await callApi<NodeStatus>(url, { method: 'GET', path });
  }
}

/** The copy has ended, and not well; RECOVERING and LAGGING are on the way up. */
function isOver({ state, resync }: NodeStatus): boolean {
  return resync === undefined && (state === 'QUARANTINED' || state === 'DISABLED');
}

function bar(now: NodeSample, before: NodeSample | undefined): string {
  const progress = progressOf(now, before);
  const { name, state } = now.node;
  if (progress === undefined) return `${name} is ${state}`;
  return `${name} ${progress.kind} ${progressBar(progress.share, barWidth)}, ${progress.text}`;
}

function progressText({ state, pending, resync }: NodeStatus): string {
  if (state === 'UP') return 'is in sync';
  if (resync === undefined) return `is ${state}, ${pending} entries pending`;
  const { phase, source, tablesDone, tables, rows, bytes } = resync;
  const from = source === '' ? '' : ` from ${source}`;
  if (phase === 'waiting' || phase === 'schema') return `is being copied${from}: ${phase}`;
  const size = `${rows} rows, ${(bytes / 1024 / 1024).toFixed(1)} MB`;
  return `is being copied${from}: ${tablesDone} of ${tables} tables, ${size}`;
}
