import type { NodeName } from '../../../base/brands.ts';
import { LockstepError } from '../../../base/errors.ts';
import type { Node } from '../../../nodes/node.ts';
import type { EventLog } from '../../../telemetry/event-log.ts';
import { readDefinitions } from '../copy/read-definitions.ts';
import { readUserTables, type TableName } from '../copy/user-tables.ts';
import { compareContents } from '../node-contents.ts';
import type { SnapshotContext } from '../snapshot.ts';
import { ComparedNodes } from './compared-nodes.ts';
import { compareTable, type TableComparison } from './compare-table.ts';
import { Pacer } from './pacer.ts';
import { reportTable, type ReportedTable, type VerifyReport } from './verify-report.ts';

export interface VerifyRequest {
  /** `schema.table`; none: everything. */
  readonly tables: readonly string[];
  /** Also which rows differ. */
  readonly rows: boolean;
  /** Rows a second on each node; 0 as fast as it goes. */
  readonly rate: number;
  /** Repair what differs, where most nodes agree. */
  readonly repair: boolean;
}

/** How far a verification is, for people. */
export interface VerifyProgress {
  phase: 'definitions' | 'tables' | 'repair';
  /** The table under way. */
  table: string;
  tablesDone: number;
  tables: number;
  rows: number;
  differing: number;
}

export interface VerificationOptions extends SnapshotContext {
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly events: EventLog;
  readonly request: VerifyRequest;
  readonly progress: VerifyProgress;
  readonly signal: AbortSignal;
}

export interface Verified {
  readonly report: VerifyReport;
  readonly comparisons: readonly TableComparison[];
}

/**
 * Compares what applications have on every node in sync, while writes go on: definitions, and
 * tables chunk by chunk, each chunk as of one entry. Throws LockstepError: no_node, not_found (a
 * table that was named), conflict (the nodes did not come to rest).
 */
export async function runVerification(options: VerificationOptions): Promise<Verified> {
  const { clock, progress, request, signal } = options;
  const startedMs = clock.nowMs();
  const nodes = new ComparedNodes({ ...options, nodes: () => [...options.nodes.values()] });
  try {
    await nodes.renew();
    const whole = request.tables.length === 0;
    const tables: ReportedTable[] = whole ? await compareDefinitions(options, nodes) : [];
    const names = await tablesToCompare(nodes, request.tables);
    Object.assign(progress, { phase: 'tables', tables: names.length });
    const comparisons: TableComparison[] = [];
    const pacer = new Pacer({ clock, rowsPerS: request.rate });
    const onRows = (rows: number): void => {
      progress.rows += rows;
    };
    for (const name of names) {
      progress.table = `${name.schema}.${name.table}`;
      const { rows } = request;
      const found = await compareTable({ nodes, pacer, rows, onRows, signal }, name);
      progress.tablesDone++;
      if (!found) continue;
      const reported = reportTable(found, rows);
      comparisons.push(found);
      tables.push(reported);
      if (!reported.equal) tell(options, reported);
    }
    await nodes.rest();
    // What was read beyond the pace is paid for, so that two runs in a row keep to it too.
    await pacer.begin(0, signal);
    const key = ({ schema, table }: TableName): string => `${schema}\0${table}`;
    const report: VerifyReport = {
      equal: tables.every(({ equal }) => equal),
      seq: nodes.seq,
      tables: tables.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
      rows: progress.rows,
      durationMs: Math.round(clock.nowMs() - startedMs),
      missed: nodes.missed,
    };
    return { report, comparisons };
  } finally {
    nodes.close();
  }
}

function tell({ events, progress }: VerificationOptions, table: ReportedTable): void {
  progress.differing++;
  events.publish({
    kind: 'verify_difference',
    table: `${table.schema}.${table.table}`,
    nodes: table.differing,
    where: table.ranges?.[0]?.where ?? '',
    ranges: (table.ranges?.length ?? 0) + (table.rangesMore ?? 0),
  });
}

async function compareDefinitions(
  options: VerificationOptions,
  nodes: ComparedNodes,
): Promise<ReportedTable[]> {
  const found = await nodes.each(nodes.names, async (connection) => {
    const definitions = await readDefinitions(connection);
    return new Map([...definitions].map(([name, checksum]) => [name, { rows: 0, checksum }]));
  });
  const compared = compareContents([...found]);
  for (const one of compared) if (!one.equal) tell(options, one);
  return compared;
}

/** Every table that any of the nodes has, or those that were asked for. */
async function tablesToCompare(
  nodes: ComparedNodes,
  wanted: readonly string[],
): Promise<TableName[]> {
  const found = await nodes.each(nodes.names, (connection) => readUserTables(connection));
  const names = new Map<string, TableName>();
  for (const { schema, table } of [...found.values()].flat()) {
    names.set(`${schema}.${table}`, { schema, table });
  }
  if (wanted.length === 0) return [...names.values()];
  return [...new Set(wanted)].map((name) => {
    const table = names.get(name);
    if (!table) throw new LockstepError('not_found', `no node has a table named ${name}`);
    return table;
  });
}
