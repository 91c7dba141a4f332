import type { NodeStatus } from '../http/balancer-control.ts';

const heads = ['node', 'state', 'leader', 'position', 'pending', 'reads', 'address'] as const;

/** Nodes as aligned columns. `nodes` is what GET /status lists. */
export function nodeTable(nodes: unknown): string {
  const rows = (nodes as readonly NodeStatus[]).map((node) => [
    node.name,
    node.state,
    node.leader ? 'yes' : '',
    String(node.position),
    String(node.pending),
    String(node.reads),
    node.address,
  ]);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(heads), ...rows.map(line)].join('\n');
}
