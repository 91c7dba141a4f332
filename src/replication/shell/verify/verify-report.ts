import type { NodeName, Seq } from '../../../base/brands.ts';
import type { ComparedTable } from '../node-contents.ts';
import type { MissedNode } from './compared-nodes.ts';
import type { DifferingRange, TableComparison } from './compare-table.ts';
import { rangeText } from './key-range.ts';
import { oddNodes } from './odd-nodes.ts';
import type { RangeRepair } from './repair-node.ts';
import type { RowDifference } from './row-differences.ts';

/** Rows that are next to each other by their key, among them some that differ. */
export interface ReportedRange {
  /** The columns that it is a range of; absent for a table without a key. */
  readonly key?: readonly string[];
  /** As an SQL condition on the key; empty for the whole table. */
  readonly where: string;
  /** Rows in it, per node. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly differing: readonly string[];
  readonly rows?: readonly RowDifference[];
  /** How many differing rows are not shown. */
  readonly rowsMore?: number;
}

export interface ReportedTable extends ComparedTable {
  readonly definitionDiffers?: boolean;
  readonly ranges?: readonly ReportedRange[];
  /** Ranges beyond those listed. */
  readonly rangesMore?: number;
}

export interface VerifyReport {
  /** As found, before any repair. */
  readonly equal: boolean;
  /** Of the last snapshot. */
  readonly seq: Seq;
  readonly tables: readonly ReportedTable[];
  readonly rows: number;
  readonly durationMs: number;
  /** Nodes that were left out of all or part of it. */
  readonly missed: readonly MissedNode[];
  /** Set when a repair was asked for. */
  readonly repairs?: readonly RangeRepair[];
  /** Every difference was repaired; set when a repair was asked for. */
  readonly repaired?: boolean;
}

/** `rows`: row-wise differences were asked for. */
export function reportTable(found: TableComparison, rows: boolean): ReportedTable {
  const { name, nodes, definitionDiffers, ranges, rangesMore } = found;
  const checksums = new Map([...nodes].map(([node, { checksum }]) => [node, checksum]));
  const differing = oddNodes(checksums);
  return {
    schema: name.schema,
    table: name.table,
    nodes: Object.fromEntries(nodes),
    equal: differing.length === 0 && ranges.length === 0,
    // A node that failed on the way is not among `nodes`, but what it differed in was found.
    differing: differing.length > 0 ? differing : namesIn(ranges),
    ...(definitionDiffers ? { definitionDiffers } : {}),
    ...(ranges.length > 0 ? { ranges: ranges.map((range) => reportRange(range, rows)) } : {}),
    ...(rangesMore > 0 ? { rangesMore } : {}),
  };
}

const namesIn = (ranges: readonly DifferingRange[]): NodeName[] => [
  ...new Set(ranges.flatMap((range) => range.differing)),
];

function reportRange(found: DifferingRange, rows: boolean): ReportedRange {
  const { range, key, nodes, differing, rowsMore } = found;
  return {
    ...(key ? { key: key.columns.map(({ name }) => name) } : {}),
    where: key ? rangeText(key, range) : '',
    nodes: Object.fromEntries(nodes),
    differing,
    ...(rows && key ? { rows: found.rows, rowsMore } : {}),
  };
}
