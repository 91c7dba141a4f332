import type { Command } from 'commander';
import type { LoggedCommand, NodeLog, NodeStatus } from '../../http/balancer-control.ts';
import { type NodeAction, nodeActions } from '../../http/operations/nodes.ts';
import { callApi } from '../call-api.ts';
import { nodeTable } from '../node-table.ts';
import { integerBetween } from '../parse-number.ts';
import { table } from '../table.ts';
import { addMembers } from './members.ts';
import { resyncNode } from './resync-node.ts';
import type { Terminal } from '../terminal.ts';

/** A leader lets open transactions end before it is drained. */
const actionDeadlineMs = 10 * 60_000;
const logLimitDefault = 100;

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
      terminal.say(json ? JSON.stringify(list, null, 2) : nodeTable(list, terminal.width));
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
  addLog(program, terminal, url);
}

function addLog(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('log <node>')
    .description('the commands that a node has not applied yet')
    .option('--json', 'as JSON', false)
    .option('--limit <count>', 'at most so many entries', integerBetween(1, 1000), logLimitDefault)
    .action(async (node: string, { json, limit }: { json: boolean; limit: number }) => {
      const path = `/nodes/${encodeURIComponent(node)}/log?limit=${limit}`;
      const log = await callApi<NodeLog>(url(), { method: 'GET', path });
      terminal.say(json ? JSON.stringify(log, null, 2) : logText(log, terminal.width));
    });
}

const logColumns = [
  { head: 'seq', align: 'right' },
  { head: 'at' },
  { head: 'schema' },
  { head: 'rows', align: 'right' },
  { head: 'statement', shrinks: true },
] as const;

function logText({ node, position, pending, entries }: NodeLog, width: number): string {
  if (pending === 0 && entries.length === 0) {
    return `${node} has applied everything up to ${position}; nothing is pending`;
  }
  const more = pending > entries.length ? `\nthe first ${entries.length} of ${pending}` : '';
  const rows = entries.flatMap((entry) => rowsOf(entry));
  const head = `${node} has applied everything up to ${position}; ${pending} pending`;
  return `${head}\n\n${table(logColumns, rows, width)}${more}`;
}

/** A transaction's first statement carries the entry's number and time. */
function rowsOf({ seq, at, commands }: LoggedCommand): string[][] {
  return commands.map(({ sql, schema, affectedRows }, index) => [
    ...(index === 0 ? [String(seq), at] : ['', '']),
    schema,
    String(affectedRows),
    sql,
  ]);
}
