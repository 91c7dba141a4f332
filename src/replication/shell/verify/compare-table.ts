import { createHash, type Hash } from 'node:crypto';
import type { NodeName } from '../../../base/brands.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { type RowsSum, sumRows } from '../copy/table-checksum.ts';
import type { TableName } from '../copy/user-tables.ts';
import { type ChunkKey, keyExpression, type KeyValue } from './chunk-key.ts';
import { type ComparedNodes, TableChangedError } from './compared-nodes.ts';
import type { KeyRange } from './key-range.ts';
import { oddNodes } from './odd-nodes.ts';
import type { Pacer } from './pacer.ts';
import { differingRows, type RowDifference } from './row-differences.ts';
import { chunkRows, definitionIfAny, readShape, rowsIn, type TableShape } from './table-shape.ts';

export interface CompareTableOptions {
  readonly nodes: ComparedNodes;
  readonly pacer: Pacer;
  /** Also which rows differ. */
  readonly rows: boolean;
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
}

/** Neighbouring chunks that differ on the same nodes. */
export interface DifferingRange {
  readonly range: KeyRange;
  /** Undefined: the whole of a table without a key. */
  readonly key: ChunkKey | undefined;
  /** Rows in it, per node. */
  readonly nodes: ReadonlyMap<NodeName, number>;
  /** As of `oddNodes`, among all nodes compared. */
  readonly differing: readonly NodeName[];
  readonly rows: readonly RowDifference[];
  readonly rowsMore: number;
}

export interface TableComparison {
  readonly name: TableName;
  readonly nodes: ReadonlyMap<NodeName, { readonly rows: number; readonly checksum: string }>;
  /** The definition is not the same on all nodes, or some lack the table. */
  readonly definitionDiffers: boolean;
  readonly ranges: readonly DifferingRange[];
  /** Ranges beyond those listed. */
  readonly rangesMore: number;
}

const restartsMax = 5;
const rangesMax = 1_000;
const rowsShownMax = 100;
/** A longer wait for the pace is spent without snapshots. */
const restAfterMs = 2_000;

/**
 * Compares one table on all nodes, chunk by chunk in the order of its key, each chunk as of one
 * entry. When its definition changes on the way it is begun anew; if that happens again and
 * again, DDL waits until it is done. Undefined when no node has the table (any more).
 */
export async function compareTable(
  options: CompareTableOptions,
  name: TableName,
): Promise<TableComparison | undefined> {
  for (let restarts = 0; ; restarts++) {
    try {
      if (options.nodes.stale || restarts > 0) await options.nodes.renew();
      return await new TableWalk(options, name, restarts === restartsMax).run();
    } catch (error) {
      if (!(error instanceof TableChangedError) || restarts === restartsMax) throw error;
    }
  }
}

interface Tally {
  rows: number;
  readonly hash: Hash;
}

const absent = { rows: 0, checksum: 'absent' } as const;

class TableWalk {
  readonly #options: CompareTableOptions;
  readonly #name: TableName;
  /** One snapshot from beginning to end. */
  readonly #still: boolean;
  readonly #tallies = new Map<NodeName, Tally>();
  readonly #ranges: DifferingRange[] = [];
  #rangesMore = 0;
  #rowsShown = 0;
  #outOf = 0;

  constructor(options: CompareTableOptions, name: TableName, still: boolean) {
    this.#options = options;
    this.#name = name;
    this.#still = still;
  }

  async run(): Promise<TableComparison | undefined> {
    const { nodes } = this.#options;
    const shapes = await nodes.each(nodes.names, (connection) => readShape(connection, this.#name));
    this.#outOf = shapes.size;
    const groups = new Map<string, { shape: TableShape; names: NodeName[] }>();
    for (const [node, shape] of shapes) {
      if (!shape) continue;
      this.#tallies.set(node, {
        rows: 0,
        hash: createHash('sha256').update(shape.definition),
      });
      const group = groups.get(shape.definition);
      if (group) group.names.push(node);
      else groups.set(shape.definition, { shape, names: [node] });
    }
    if (groups.size === 0) return undefined;
    // Nodes with another definition have other columns: they are compared among themselves.
    for (const { shape, names } of groups.values()) await this.#walk(shape, names);
    const compared = new Set(nodes.names);
    const all = [...shapes].filter(([node]) => compared.has(node));
    return {
      name: this.#name,
      nodes: new Map(all.map(([node]) => [node, this.#result(node)])),
      definitionDiffers: new Set(all.map(([, shape]) => shape?.definition)).size > 1,
      ranges: this.#ranges,
      rangesMore: this.#rangesMore,
    };
  }

  #result(node: NodeName): { readonly rows: number; readonly checksum: string } {
    const tally = this.#tallies.get(node);
    if (!tally) return absent;
    return { rows: tally.rows, checksum: tally.hash.copy().digest('hex').slice(0, 16) };
  }

  async #walk(shape: TableShape, names: readonly NodeName[]): Promise<void> {
    const { pacer, signal, onRows } = this.#options;
    const atOnce = pacer.atOnce(chunkRows(shape));
    let after: KeyValue | undefined;
    do {
      // Nobody knows beforehand how many rows a table without a key has.
      const paid = shape.key ? atOnce : 0;
      if (pacer.waitMs(paid) > restAfterMs && !this.#still) await this.#options.nodes.rest();
      await pacer.begin(paid, signal);
      if (this.#options.nodes.stale && !this.#still) await this.#renew(shape, names);
      const upTo = await this.#chunkEnd(shape, names, after, atOnce);
      const range: KeyRange = { ...(after ? { after } : {}), ...(upTo ? { upTo } : {}) };
      const sums = await this.#options.nodes.each(names, (connection) =>
        sumRows(connection, shape.table, rowsIn(shape, range)),
      );
      const rows = Math.max(0, ...[...sums.values()].map((sum) => sum.rows));
      pacer.owe(rows - paid);
      onRows(rows);
      await this.#compare(shape, range, sums);
      after = upTo;
    } while (after);
  }

  /** Fresh snapshots; the definition must still be what the walk began with. */
  async #renew(shape: TableShape, names: readonly NodeName[]): Promise<void> {
    const { nodes } = this.#options;
    await nodes.renew();
    const now = await nodes.each(names, (connection) => definitionIfAny(connection, this.#name));
    for (const definition of now.values()) {
      if (definition !== shape.definition) throw new TableChangedError();
    }
  }

  /** The key of the last row of a chunk that begins behind `after`; undefined: the last chunk. */
  async #chunkEnd(
    shape: TableShape,
    names: readonly NodeName[],
    after: KeyValue | undefined,
    rows: number,
  ): Promise<KeyValue | undefined> {
    const { nodes } = this.#options;
    const { key } = shape;
    if (!key) return undefined;
    const selected = key.columns.map((column, index) => `${keyExpression(column)} AS k${index}`);
    const order = key.columns.map(({ name }) => quoteIdentifier(name));
    const sql =
      `SELECT ${selected.join(', ')} FROM ${rowsIn(shape, after ? { after } : {})} ` +
      `ORDER BY ${order.join(', ')} LIMIT 1 OFFSET ${rows - 1}`;
    for (const name of names) {
      const found = await nodes.each([name], (connection) => queryRows(connection, sql));
      const answer = found.get(name);
      // Otherwise it has just failed, and another one says where the chunk ends.
      if (answer) return answer[0] && key.columns.map((_, index) => answer[0]?.[`k${index}`] ?? '');
    }
    return undefined;
  }

  async #compare(
    shape: TableShape,
    range: KeyRange,
    sums: ReadonlyMap<NodeName, RowsSum>,
  ): Promise<void> {
    for (const [node, { rows, sum }] of sums) {
      const tally = this.#tallies.get(node);
      if (!tally) continue;
      tally.rows += rows;
      tally.hash.update(`${sum};`);
    }
    const values = new Map([...sums].map(([node, { sum }]) => [node, sum]));
    const differing = oddNodes(values, this.#outOf);
    if (differing.length === 0) return;
    const shown = await this.#rowsIn(shape, range, [...sums.keys()]);
    this.#add({
      range,
      key: shape.key,
      nodes: new Map([...sums].map(([node, { rows }]) => [node, rows])),
      differing,
      rows: shown.rows,
      rowsMore: shown.more,
    });
  }

  async #rowsIn(shape: TableShape, range: KeyRange, names: readonly NodeName[]) {
    const { nodes, rows: wanted } = this.#options;
    const { key } = shape;
    if (!wanted || !key) return { rows: [], more: 0 };
    const max = rowsShownMax - this.#rowsShown;
    const shown = await differingRows({ nodes, names, shape, key, range, max });
    this.#rowsShown += shown.rows.length;
    return shown;
  }

  #add(found: DifferingRange): void {
    const last = this.#ranges.at(-1);
    if (last && isContinued(last, found)) {
      this.#ranges[this.#ranges.length - 1] = joined(last, found);
    } else if (this.#ranges.length < rangesMax) this.#ranges.push(found);
    else this.#rangesMore++;
  }
}

const isContinued = (last: DifferingRange, next: DifferingRange): boolean =>
  last.range.upTo !== undefined &&
  last.range.upTo === next.range.after &&
  last.differing.join() === next.differing.join();

function joined(last: DifferingRange, next: DifferingRange): DifferingRange {
  const { after } = last.range;
  const { upTo } = next.range;
  return {
    ...last,
    range: { ...(after ? { after } : {}), ...(upTo ? { upTo } : {}) },
    nodes: new Map([...next.nodes].map(([node, n]) => [node, n + (last.nodes.get(node) ?? 0)])),
    rows: [...last.rows, ...next.rows],
    rowsMore: last.rowsMore + next.rowsMore,
  };
}
