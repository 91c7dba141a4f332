import type { NodeStatus } from '../http/balancer-control.ts';
import { table } from './table.ts';

const columns = [
  { head: 'node' },
  { head: 'state' },
  { head: 'address' },
  { head: 'position', align: 'right' },
  { head: 'pending', align: 'right' },
  { head: 'reads', align: 'right' },
  { head: 'writes', align: 'right' },
  { head: 'ms', align: 'right' },
  { head: 'weight', align: 'right' },
  { head: 'reason', shrinks: true },
] as const;

export function nodeTable(nodes: readonly NodeStatus[], width: number): string {
  const rows = nodes.map((node) => [
    node.leader ? `${node.name} *` : node.name,
    node.state,
    node.address,
    String(node.position),
    String(node.pending),
    String(node.reads),
    String(node.writes),
    node.averageMs.toFixed(1),
    String(node.weight),
    node.state === 'UP' ? '' : (node.reason ?? ''),
  ]);
  return `${table(columns, rows, width)}\n(* leader)`;
}
