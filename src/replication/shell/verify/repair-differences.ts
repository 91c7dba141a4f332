import type { NodeName } from '../../../base/brands.ts';
import type { Node } from '../../../nodes/node.ts';
import type { EventLog } from '../../../telemetry/event-log.ts';
import type { TableComparison } from './compare-table.ts';
import {
  noMajority,
  outcomes,
  readObstacle,
  type RangeRepair,
  type RepairOptions,
  repairNode,
  resync,
  type TableRepair,
} from './repair-node.ts';

export interface RepairDifferencesOptions extends Omit<RepairOptions, 'target' | 'tables'> {
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly events: EventLog;
  readonly comparisons: readonly TableComparison[];
  /** Resolves when the node is in sync again, or is not to be expected so soon. */
  readonly untilInSync: (node: Node) => Promise<void>;
}

/** What is more than this is better resynchronised as a whole. */
const rowsMax = 200_000;
const rangesMax = 200;

/** Repairs one node after the other, so that at most one is out of rotation at a time. */
export async function repairDifferences(options: RepairDifferencesOptions): Promise<RangeRepair[]> {
  const repairs: RangeRepair[] = [];
  const able = new Map<NodeName, TableRepair[]>();
  for (const comparison of options.comparisons) {
    if (comparison.definitionDiffers) {
      repairs.push(...definitionRefusals(comparison));
      continue;
    }
    for (const node of comparison.nodes.keys()) {
      const ranges = comparison.ranges.filter(({ differing }) => differing.includes(node));
      if (ranges.length === 0) continue;
      const table = { comparison, ranges };
      const refusal = refusalOf(node, table);
      if (refusal === undefined) able.set(node, [...(able.get(node) ?? []), table]);
      else repairs.push(...outcomes(node, table, 'refused', refusal));
    }
  }
  for (const [name, tables] of able) {
    options.signal.throwIfAborted();
    repairs.push(...(await repairOne(options, name, tables)));
  }
  return repairs;
}

async function repairOne(
  options: RepairDifferencesOptions,
  name: NodeName,
  tables: readonly TableRepair[],
): Promise<RangeRepair[]> {
  const target = options.nodes.get(name);
  if (target?.state !== 'UP') {
    const detail = `${name} is ${target?.state ?? 'gone'}; verify again when it is in sync`;
    return tables.flatMap((table) => outcomes(name, table, 'refused', detail));
  }
  const refused: RangeRepair[] = [];
  const able: TableRepair[] = [];
  const connection = await target.openControl();
  try {
    // Before the node is taken out for nothing.
    for (const table of tables) {
      const obstacle = await readObstacle(connection, table.comparison.name);
      if (obstacle === undefined) able.push(table);
      else refused.push(...outcomes(name, table, 'refused', `${obstacle}; ${resync(name)}`));
    }
  } finally {
    connection.end();
  }
  if (able.length === 0) return refused;
  const done = await repairNode({ ...options, target, tables: able });
  options.events.publish({
    kind: 'verify_repaired',
    node: name,
    repaired: done.filter(({ outcome }) => outcome === 'repaired').length,
    failed: done.filter(({ outcome }) => outcome === 'failed' || outcome === 'refused').length,
  });
  // A repair that broke off may have lost its node: nobody knows when that is back.
  if (done.some(({ outcome }) => outcome !== 'failed')) await options.untilInSync(target);
  return [...refused, ...done];
}

function definitionRefusals({ name, nodes, ranges }: TableComparison): RangeRepair[] {
  const table = `${name.schema}.${name.table}`;
  const node = [...new Set(ranges.flatMap(({ differing }) => differing))].join() || 'the wrong one';
  const all = [...nodes.keys()].join(', ');
  const detail = `its definition is not the same on ${all}; resync ${node}`;
  return [{ node, table, where: '', outcome: 'refused', detail }];
}

/** Why the ranges of a table cannot be repaired on a node, as far as can be told from here. */
function refusalOf(
  node: NodeName,
  { comparison: { nodes, rangesMore }, ranges }: TableRepair,
): string | undefined {
  if (ranges.some(({ differing }) => differing.length * 2 >= nodes.size)) return noMajority(node);
  if (ranges.some(({ key }) => key === undefined)) {
    return `the table has no key to walk it by; ${resync(node)}`;
  }
  const rows = ranges.reduce((sum, range) => sum + Math.max(...range.nodes.values()), 0);
  if (rows > rowsMax || ranges.length > rangesMax || rangesMore > 0) {
    return `too much of it differs; ${resync(node)}`;
  }
  return undefined;
}
