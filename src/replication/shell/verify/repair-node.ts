import type { NodeName, Seq } from '../../../base/brands.ts';
import { assert } from '../../../base/assert.ts';
import type { Node } from '../../../nodes/node.ts';
import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { quoteString } from '../../../sql/quote.ts';
import { packetBytesOf, prepareTarget } from '../copy/copy-session.ts';
import { copyRows } from '../copy/copy-table.ts';
import { sumRows } from '../copy/table-checksum.ts';
import { qualified, readUserTables, type TableName } from '../copy/user-tables.ts';
import { readMarkers } from '../node-markers.ts';
import type { SnapshotContext } from '../snapshot.ts';
import { ComparedNodes } from './compared-nodes.ts';
import type { DifferingRange, TableComparison } from './compare-table.ts';
import { type KeyRange, rangeCondition, rangeText } from './key-range.ts';
import { readShape, rowsIn, type TableShape } from './table-shape.ts';

/** What became of one range on one node. */
export interface RangeRepair {
  readonly node: string;
  readonly table: string;
  /** As an SQL condition on the key; empty for a whole table. */
  readonly where: string;
  /** `equal`: it was equal by then. `refused`: nothing was tried. `failed`: nothing is changed. */
  readonly outcome: 'repaired' | 'equal' | 'refused' | 'failed';
  readonly detail: string;
}

export interface RepairOptions extends SnapshotContext {
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly target: Node;
  readonly tables: readonly TableRepair[];
  /** The node is in no rotation and applies nothing from the moment of the call on. */
  readonly takeOut: (node: Node) => Promise<void>;
  /** It may follow again. */
  readonly letFollow: (node: Node) => void;
  readonly signal: AbortSignal;
}

/** What is to be made equal in one table of the target. */
export interface TableRepair {
  readonly comparison: TableComparison;
  readonly ranges: readonly DifferingRange[];
}

const statementTimeoutMs = 10 * 60_000;

/**
 * Replaces rows of the target by those that most nodes have, range by range, while writes go
 * on. The target stops at one entry, at which all others have a snapshot; from there it is
 * compared once more, and repaired in one transaction a table, which is committed only if its
 * rows are then those of the others. So a crash at any point leaves them as they were. After
 * that the target replays what it missed, like any node that was away.
 */
export async function repairNode(options: RepairOptions): Promise<RangeRepair[]> {
  const { target, replicator, signal, tables } = options;
  const nodes = new ComparedNodes({
    ...options,
    nodes: () => [...options.nodes.values()].filter(({ name }) => name !== target.name),
  });
  const leaving: Promise<void>[] = [];
  let connection: NodeConnection | undefined;
  try {
    await nodes.renew({
      node: target.name,
      alone: replicator.leadership?.name === target.name,
      stop: () => {
        target.transition('RESYNCING', 'some of its rows are being repaired');
        leaving.push(options.takeOut(target));
      },
    });
    await Promise.all(leaving);
    connection = await openTarget(target, nodes.seq, signal);
    const repairs: RangeRepair[] = [];
    for (const table of tables) {
      signal.throwIfAborted();
      repairs.push(...(await new TableRepairer(target.name, nodes, connection).run(table)));
    }
    return repairs;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return tables.flatMap((table) => outcomes(target.name, table, 'failed', detail));
  } finally {
    nodes.close();
    // What is not committed is rolled back; what is lost is ended before the node follows.
    if (connection?.idle) connection.end();
    else connection?.destroy(new Error('the repair has ended'));
    if (leaving.length > 0 && target.state === 'RESYNCING') options.letFollow(target);
  }
}

/** One outcome for each range of a table. */
export function outcomes(
  node: string,
  { comparison, ranges }: TableRepair,
  outcome: RangeRepair['outcome'],
  detail: string,
): RangeRepair[] {
  const table = `${comparison.name.schema}.${comparison.name.table}`;
  return ranges.map(({ key, range }) => ({
    node,
    table,
    where: key ? rangeText(key, range) : '',
    outcome,
    detail,
  }));
}

/** A connection to write with, once the node is known to stand where the others were read. */
async function openTarget(target: Node, at: Seq, signal: AbortSignal): Promise<NodeConnection> {
  const connection = await target.openControl();
  const abort = (): void => connection.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  connection.onLost(() => signal.removeEventListener('abort', abort));
  try {
    const flavor = /mariadb/i.test(connection.serverVersion) ? 'mariadb' : 'mysql';
    await prepareTarget(connection, flavor);
    // A copy fills empty tables; here what is there already must be looked at.
    await queryRows(connection, 'SET SESSION unique_checks=1');
    const markers = await readMarkers(connection);
    const found = markers && markers.position + markers.appliedBeyond.size;
    assert(found === at, `${target.name} stands at entry ${found}, the others were read at ${at}`);
    return connection;
  } catch (error) {
    connection.end();
    throw error;
  }
}

/** Why the rows of a table must not be replaced one by one, if so. */
export async function readObstacle(
  connection: NodeConnection,
  { schema, table }: TableName,
): Promise<string | undefined> {
  const triggers = await queryRows(
    connection,
    'SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE ' +
      `EVENT_OBJECT_SCHEMA = ${quoteString(schema)} AND EVENT_OBJECT_TABLE = ${quoteString(table)}`,
  );
  if (triggers.length > 0) return 'triggers of the table would run';
  const [found] = await readUserTables(connection, { schema, table });
  return found?.versioned ? 'the history of its rows would grow' : undefined;
}

/** A range, and a node whose rows are right. */
interface Sourced {
  readonly range: DifferingRange;
  readonly source: NodeName;
}

class TableRepairer {
  readonly #target: NodeName;
  readonly #nodes: ComparedNodes;
  readonly #connection: NodeConnection;

  constructor(target: NodeName, nodes: ComparedNodes, connection: NodeConnection) {
    this.#target = target;
    this.#nodes = nodes;
    this.#connection = connection;
  }

  async run(repair: TableRepair): Promise<RangeRepair[]> {
    const { name } = repair.comparison;
    const say = (outcome: RangeRepair['outcome'], detail: string): RangeRepair[] =>
      outcomes(this.#target, repair, outcome, detail);
    const shape = await readShape(this.#connection, name);
    if (!shape?.key) return say('refused', 'the table has changed; verify it again');
    const obstacle = await readObstacle(this.#connection, name);
    if (obstacle !== undefined) return say('refused', `${obstacle}; ${resync(this.#target)}`);
    const others = await this.#nodes.each(this.#nodes.names, (one) => readShape(one, name));
    if ([...others.values()].some((other) => other?.definition !== shape.definition)) {
      return say('refused', `its definition differs; ${resync(this.#target)}`);
    }
    const results: RangeRepair[] = [];
    const sourced: Sourced[] = [];
    for (const range of repair.ranges) {
      const found = await this.#findSource(shape, range.range);
      const of = { ...repair, ranges: [range] };
      if (found.kind === 'equal') results.push(...outcomes(this.#target, of, 'equal', ''));
      else if (found.kind === 'source') sourced.push({ range, source: found.source });
      else results.push(...outcomes(this.#target, of, 'refused', noMajority(this.#target)));
    }
    if (sourced.length === 0) return results;
    const failure = await this.#replace(shape, sourced);
    const of = { ...repair, ranges: sourced.map(({ range }) => range) };
    return failure === undefined
      ? [...results, ...outcomes(this.#target, of, 'repaired', from(sourced))]
      : [...results, ...outcomes(this.#target, of, 'failed', failure)];
  }

  /** What most of all nodes, the target among them, have in a range. */
  async #findSource(
    shape: TableShape,
    range: KeyRange,
  ): Promise<{ kind: 'equal' } | { kind: 'source'; source: NodeName } | { kind: 'no_majority' }> {
    const from = rowsIn(shape, range);
    const [mine, others] = await Promise.all([
      sumRows(this.#connection, shape.table, from),
      this.#nodes.each(this.#nodes.names, (one) => sumRows(one, shape.table, from)),
    ]);
    const sums = new Map([...others].map(([name, { sum }]) => [name, sum]));
    const counts = new Map<string, number>();
    for (const sum of [mine.sum, ...sums.values()]) counts.set(sum, (counts.get(sum) ?? 0) + 1);
    const most = [...counts].find(([, count]) => count > (sums.size + 1) / 2)?.[0];
    if (most === undefined) return { kind: 'no_majority' };
    if (most === mine.sum) return { kind: 'equal' };
    const source = [...sums].find(([, sum]) => sum === most)?.[0];
    assert(source, 'a majority has a node');
    return { kind: 'source', source };
  }

  /** All ranges in one transaction: a row may have moved from one to another. */
  async #replace(shape: TableShape, sourced: readonly Sourced[]): Promise<string | undefined> {
    const target = this.#connection;
    const { key, table } = shape;
    assert(key, 'a table with a key');
    try {
      await queryRows(target, 'BEGIN');
      for (const { range } of sourced) {
        const where = rangeCondition(key, range.range);
        const sql = `DELETE FROM ${qualified(table)} WHERE ${where}`;
        await queryRows(target, sql, { timeoutMs: statementTimeoutMs });
      }
      const packetBytes = await packetBytesOf(target);
      for (const { range, source } of sourced) {
        const from = rowsIn(shape, range.range);
        await this.#nodes.each([source], (one) =>
          copyRows({ source: one, target, table, from, packetBytes, onProgress: () => {} }),
        );
        const difference = await this.#difference(shape, from, source);
        if (difference !== undefined) {
          await queryRows(target, 'ROLLBACK', { timeoutMs: statementTimeoutMs });
          return difference;
        }
      }
      await queryRows(target, 'COMMIT', { timeoutMs: statementTimeoutMs });
      return undefined;
    } catch (error) {
      if (target.lost) throw error;
      await queryRows(target, 'ROLLBACK', { timeoutMs: statementTimeoutMs });
      return `${error instanceof Error ? error.message : String(error)}; ${resync(this.#target)}`;
    }
  }

  async #difference(
    shape: TableShape,
    from: string,
    source: NodeName,
  ): Promise<string | undefined> {
    const answers = await this.#nodes.each([source], (one) => sumRows(one, shape.table, from));
    const wanted = answers.get(source);
    if (!wanted) return `${source} broke while it was read; try again`;
    const found = await sumRows(this.#connection, shape.table, from);
    if (found.sum === wanted.sum) return undefined;
    return `its rows could not be made those of ${source}; ${resync(this.#target)}`;
  }
}

const from = (sourced: readonly Sourced[]): string =>
  `from ${[...new Set(sourced.map(({ source }) => source))].join(', ')}`;

export const resync = (node: string): string => `run \`lockstep nodes resync ${node}\``;

export const noMajority = (node: string): string =>
  'most nodes do not agree on it, so nobody can tell who is right: look at the data, and ' +
  `if ${node} is wrong, ${resync(node)}`;
