import { unreachable } from '../base/assert.ts';
import type { NodeStatus } from '../http/balancer-control.ts';
import { duration, perSecond } from './amounts.ts';
import { type Paint, paintFor, type Tone } from './style.ts';
import { table, type TableColumn } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface NodeTableOptions {
  readonly terminal: Pick<Terminal, 'width' | 'colours'>;
  /** Milliseconds since 1970, to say for how long; without it that is left out. */
  readonly nowMs?: number;
  /** Reads a second by node; without it the reads since the start are shown. */
  readonly readsPerSecond?: ReadonlyMap<string, number>;
}

export function nodeTable(nodes: readonly NodeStatus[], options: NodeTableOptions): string {
  const { terminal, nowMs, readsPerSecond } = options;
  const paint = paintFor(terminal);
  const shown = columnsOf(nodes, options, paint);
  const rows = nodes.map((node) => [
    node.leader ? `${node.name} *` : node.name,
    node.state,
    ...(nowMs === undefined ? [] : [duration(Math.max(0, nowMs - Date.parse(node.since)))]),
    node.address,
    String(node.position),
    String(node.pending),
    readsPerSecond ? perSecond(readsPerSecond.get(node.name) ?? 0) : String(node.reads),
    String(node.writes),
    node.averageMs.toFixed(1),
    String(node.connections),
    String(node.weight),
    node.state === 'UP' ? '' : (node.reason ?? ''),
  ]);
  const legend = nodes.some(({ leader }) => leader) ? `\n${paint('quiet', '(* leader)')}` : '';
  return table(shown, rows, terminal.width) + legend;
}

function columnsOf(
  nodes: readonly NodeStatus[],
  { nowMs, readsPerSecond }: NodeTableOptions,
  paint: Paint,
): TableColumn[] {
  const toneOf = (row: number): Tone => (nodes[row] ? stateTone(nodes[row]) : 'quiet');
  return [
    { head: 'node', shrinks: true },
    { head: 'state', paint: (cell, row) => paint(toneOf(row), cell) },
    ...(nowMs === undefined ? [] : [{ head: 'for', drops: 3 }]),
    { head: 'address', drops: 5 },
    { head: 'position', align: 'right', drops: 4 },
    { head: 'pending', align: 'right' },
    { head: readsPerSecond ? 'reads/s' : 'reads', align: 'right', drops: 2 },
    { head: 'writes', align: 'right', drops: 7 },
    { head: 'ms', align: 'right', drops: 1 },
    { head: 'conns', align: 'right', drops: 8 },
    { head: 'weight', align: 'right', drops: 6 },
    { head: 'reason', shrinks: true },
  ];
}

export function stateTone({ state, inSync }: Pick<NodeStatus, 'state' | 'inSync'>): Tone {
  switch (state) {
    case 'UP':
      return inSync ? 'good' : 'warning';
    case 'DOWN':
    case 'QUARANTINED':
      return 'bad';
    case 'DISABLED':
    case 'DRAINING':
      return 'quiet';
    case 'JOINING':
    case 'LAGGING':
    case 'RECOVERING':
    case 'RESYNCING':
      return 'warning';
    default:
      return unreachable(state);
  }
}
