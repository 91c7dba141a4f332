import type { NodeStatus } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { CliError } from '../cli-error.ts';
import { followNode } from '../follow-node.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Begins a resync and says how far it is until the node is in rotation again. Throws CliError
 * when the resync fails; ending the command does not end the resync.
 */
export async function resyncNode(url: string, name: string, terminal: Terminal): Promise<void> {
  const path = `/nodes/${encodeURIComponent(name)}/resync`;
  const begun = await callApi<NodeStatus>(url, { method: 'POST', path });
  const { state, reason } = await followNode(url, begun, terminal);
  if (state !== 'UP') throw new CliError(`${name} was not resynchronised: ${reason ?? state}`);
}
