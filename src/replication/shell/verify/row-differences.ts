import type { NodeName } from '../../../base/brands.ts';
import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { checksumExpression, rowHash } from '../copy/table-checksum.ts';
import { qualified, type UserColumn } from '../copy/user-tables.ts';
import { type ChunkKey, keyExpression, type KeyValue } from './chunk-key.ts';
import type { ComparedNodes } from './compared-nodes.ts';
import { inCommonOrder } from './in-common-order.ts';
import { keyCondition, type KeyRange, keyText } from './key-range.ts';
import { rowsIn, type TableShape } from './table-shape.ts';

/** A row that is not the same on all nodes. */
export interface RowDifference {
  /** In SQL: `4711`, or `(4711, 'x')`. */
  readonly key: string;
  /** Per node the columns that differ, their values shortened; null where there is no such row. */
  readonly nodes: Readonly<Record<string, Readonly<Record<string, string | null>> | null>>;
}

export interface DifferingRows {
  readonly rows: readonly RowDifference[];
  /** How many more rows differ, as far as they were looked at. */
  readonly more: number;
}

/** Rows of one range looked at on one node. */
const lookedAtMax = 10_000;
const shownCharacters = 64;
const shownBytes = 32;

/** The rows of a range that are not the same on all of these nodes; the first `max` in full. */
export async function differingRows(options: {
  readonly nodes: ComparedNodes;
  readonly names: readonly NodeName[];
  readonly shape: TableShape;
  readonly key: ChunkKey;
  readonly range: KeyRange;
  readonly max: number;
}): Promise<DifferingRows> {
  const { nodes, names, shape, key, range, max } = options;
  const found = await nodes.each(names, (connection) => readHashes(connection, shape, key, range));
  const keys = inCommonOrder(Array.from(found.values(), (hashes) => [...hashes.keys()]));
  const differing = keys.filter((text) => {
    return new Set([...found.values()].map((hashes) => hashes.get(text))).size > 1;
  });
  const rows: RowDifference[] = [];
  for (const text of differing.slice(0, max)) {
    const value = JSON.parse(text) as KeyValue;
    const holders = [...found].filter(([, hashes]) => hashes.has(text)).map(([name]) => name);
    const read = await nodes.each(holders, (connection) => readRow(connection, shape, key, value));
    rows.push({ key: keyText(key, value), nodes: sideBySide([...found.keys()], read) });
  }
  return { rows, more: differing.length - rows.length };
}

/** Key, as JSON, to a hash of the whole row. */
async function readHashes(
  connection: NodeConnection,
  shape: TableShape,
  key: ChunkKey,
  range: KeyRange,
): Promise<Map<string, string>> {
  const names = key.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const keys = key.columns.map((column, index) => `${keyExpression(column)} AS k${index}`);
  const rows = await queryRows(
    connection,
    `SELECT ${keys.join(', ')}, ${rowHash(shape.table.columns)} AS h ` +
      `FROM ${rowsIn(shape, range)} ORDER BY ${names} LIMIT ${lookedAtMax}`,
    { timeoutMs: readTimeoutMs },
  );
  return new Map(
    rows.map((row) => {
      const value: KeyValue = key.columns.map((_, index) => row[`k${index}`] ?? '');
      return [JSON.stringify(value), row['h'] ?? ''];
    }),
  );
}

const readTimeoutMs = 10 * 60_000;

interface ShownColumn {
  readonly shown: string | null;
  /** Tells values apart that are shown alike. */
  readonly exact: string;
}

async function readRow(
  connection: NodeConnection,
  { table }: TableShape,
  key: ChunkKey,
  value: KeyValue,
): Promise<ReadonlyMap<string, ShownColumn>> {
  const expressions = table.columns.flatMap((column, index) => [
    `${shownExpression(column)} AS s${index}`,
    `SHA2(${checksumExpression(column)}, 256) AS e${index}`,
  ]);
  const [row] = await queryRows(
    connection,
    `SELECT ${expressions.join(', ')} FROM ${qualified(table)} WHERE ${keyCondition(key, value)}`,
  );
  return new Map(
    table.columns.map(({ name }, index) => [
      name,
      { shown: row?.[`s${index}`] ?? null, exact: row?.[`e${index}`] ?? '' },
    ]),
  );
}

function shownExpression({ name, type }: UserColumn): string {
  const column = quoteIdentifier(name);
  if (/blob|binary|vector|^(?:geom|point|line|poly|multi)/.test(type)) {
    return `CONCAT('0x', HEX(LEFT(${column}, ${shownBytes})))`;
  }
  if (type === 'bit') return `CAST(${column} AS UNSIGNED)`;
  if (type === 'float') return `${column} * 1e0`;
  return `LEFT(CAST(${column} AS CHAR), ${shownCharacters})`;
}

/** The columns in which the nodes differ; all of them where some lack the row. */
function sideBySide(
  names: readonly NodeName[],
  read: ReadonlyMap<NodeName, ReadonlyMap<string, ShownColumn>>,
): RowDifference['nodes'] {
  const rows = [...read.values()];
  const lacking = names.some((name) => !read.has(name));
  const differs = (column: string): boolean =>
    lacking || new Set(rows.map((row) => row.get(column)?.exact)).size > 1;
  return Object.fromEntries(
    names.map((name) => {
      const row = read.get(name);
      if (!row) return [name, null];
      const columns = [...row].filter(([column]) => differs(column));
      return [name, Object.fromEntries(columns.map(([column, { shown }]) => [column, shown]))];
    }),
  );
}
