import { setTimeout as delay } from 'node:timers/promises';
import type { NodeStatus } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { CliError } from '../cli-error.ts';
import type { Terminal } from '../terminal.ts';

const pollMs = 500;

/**
 * Begins a resync and says how far it is until the node is in rotation again. Throws CliError
 * when the resync fails; ending the command does not end the resync.
 */
export async function resyncNode(url: string, name: string, terminal: Terminal): Promise<void> {
  const path = `/nodes/${encodeURIComponent(name)}`;
  let said = '';
  const say = (text: string): void => {
    if (text !== said) terminal.say(text);
    said = text;
  };
  let node = await callApi<NodeStatus>(url, { method: 'POST', path: `${path}/resync` });
  for (;;) {
    say(`${name} ${progressText(node)}`);
    if (node.state === 'UP') return;
    if (isOver(node)) {
      throw new CliError(`${name} was not resynchronised: ${node.reason ?? node.state}`);
    }
    await delay(pollMs);
    node = await callApi<NodeStatus>(url, { method: 'GET', path });
  }
}

/** The copy has ended, and not well; RECOVERING and LAGGING are on the way up. */
function isOver({ state, resync }: NodeStatus): boolean {
  return resync === undefined && (state === 'QUARANTINED' || state === 'DISABLED');
}

export function progressText({ state, pending, resync }: NodeStatus): string {
  if (state === 'UP') return 'is in sync';
  if (resync === undefined) return `is ${state}, ${pending} entries pending`;
  const { phase, source, tablesDone, tables, rows, bytes } = resync;
  const from = source === '' ? '' : ` from ${source}`;
  if (phase === 'waiting' || phase === 'schema') return `is being copied${from}: ${phase}`;
  const size = `${rows} rows, ${(bytes / 1024 / 1024).toFixed(1)} MB`;
  return `is being copied${from}: ${tablesDone} of ${tables} tables, ${size}`;
}
