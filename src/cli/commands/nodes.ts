import type { Command } from 'commander';
import type { NodeStatus } from '../../http/balancer-control.ts';
import { type NodeAction, nodeActions } from '../../http/node-actions.ts';
import { callApi } from '../call-api.ts';
import { nodeTable } from '../node-table.ts';
import { addMembers } from './members.ts';
import { resyncNode } from './resync-node.ts';
import type { Terminal } from '../terminal.ts';

/** A leader lets open transactions end before it is drained. */
const actionDeadlineMs = 10 * 60_000;

const descriptions: Readonly<Record<NodeAction, string>> = {
  enable: 'take a node back; it replays what it missed before it serves',
  disable: 'take a node out at once',
  drain: 'let a node finish its reads, then take it out',
  resync: "replace a node's data with a copy from a node in sync",
};

export function addNodes(program: Command, terminal: Terminal, url: () => string): void {
  const nodes = program
    .command('nodes')
    .description('the nodes, their states and figures')
    .option('--json', 'as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const list = await callApi<NodeStatus[]>(url(), { method: 'GET', path: '/nodes' });
      terminal.say(json ? JSON.stringify(list, null, 2) : nodeTable(list, { terminal }));
    });
  for (const action of nodeActions) {
    nodes
      .command(`${action} <name>`)
      .description(descriptions[action])
      .action(async (name: string) => {
        if (action === 'resync') return resyncNode(url(), name, terminal);
        const { state } = await callApi<NodeStatus>(url(), {
          method: 'POST',
          path: `/nodes/${encodeURIComponent(name)}/${action}`,
          deadlineMs: actionDeadlineMs,
        });
        terminal.say(`${name} is ${state}`);
      });
  }
  addMembers(nodes, terminal, url);
}
