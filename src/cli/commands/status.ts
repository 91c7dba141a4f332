import type { Command } from 'commander';
import type { BalancerStatus, NodeStatus } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { exitCodes } from '../cli-error.ts';
import { nodeTable } from '../node-table.ts';
import type { Terminal } from '../terminal.ts';

export function addStatus(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('status')
    .description('how things are; exit code 1 when a node that should serve does not')
    .option('--json', 'as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const status = await callApi<BalancerStatus>(url(), { method: 'GET', path: '/status' });
      terminal.say(json ? JSON.stringify(status, null, 2) : statusText(status, terminal.width));
      terminal.setExitCode(healthy(status) ? exitCodes.ok : exitCodes.failed);
    });
}

/** What an operator took out on purpose is no fault. */
const meant = ({ state }: NodeStatus): boolean => state === 'DISABLED' || state === 'DRAINING';

function healthy({ nodes, leader, log }: BalancerStatus): boolean {
  if (log.failure !== undefined) return false;
  return leader !== undefined && nodes.every((node) => node.inSync || meant(node));
}

function statusText(status: BalancerStatus, width: number): string {
  const { version, uptimeMs, strategy, consistency, acks, log, sessions } = status;
  return [
    status.summary,
    '',
    `version ${version}, up ${duration(uptimeMs)}, ${sessions} sessions`,
    `strategy ${strategy}, consistency ${consistency}, acks ${acks}`,
    `log ${log.firstSeq} to ${log.lastSeq}, ${megabytes(log.sizeBytes)} MB of at most ` +
      `${megabytes(log.retentionBytes)} MB for nodes that are away`,
    '',
    nodeTable(status.nodes, width),
  ].join('\n');
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
