import { createHash } from 'node:crypto';
import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { qualified, type TableName, type UserColumn, type UserTable } from './user-tables.ts';

export interface TableChecksum {
  readonly rows: number;
  /** Equal exactly when definition and rows (in any order) are. */
  readonly checksum: string;
}

/** A long table takes its time. */
const checksumTimeoutMs = 24 * 60 * 60_000;

/** What rows amount to, whatever their order. */
export interface RowsSum {
  readonly rows: number;
  readonly sum: string;
}

/**
 * The checksum of a table as the connection's transaction sees it. The next AUTO_INCREMENT
 * value is no part of it.
 */
export async function checksumTable(
  connection: NodeConnection,
  table: UserTable,
): Promise<TableChecksum> {
  const definition = await readDefinition(connection, table);
  const { rows, sum } = await sumRows(connection, table, qualified(table));
  const checksum = createHash('sha256').update(definition).update(sum).digest('hex');
  return { rows, checksum: checksum.slice(0, 16) };
}

/**
 * Sums up the rows that `from` (a table, with what chooses among its rows) yields. Per row a
 * SHA-256 over all columns, its parts summed and xor-ed: the order of the rows does not matter,
 * and equal rows do not cancel out.
 */
export async function sumRows(
  connection: NodeConnection,
  { columns }: Pick<UserTable, 'columns'>,
  from: string,
): Promise<RowsSum> {
  const [sums] = await queryRows(
    connection,
    `SELECT COUNT(*) AS n, CAST(SUM(${part(1)}) AS CHAR) AS a, ` +
      `CAST(SUM(${part(9)}) AS CHAR) AS b, CAST(BIT_XOR(${part(17)}) AS CHAR) AS c ` +
      `FROM (SELECT ${rowHash(columns)} AS h FROM ${from}) AS hashed`,
    { timeoutMs: checksumTimeoutMs },
  );
  const sum = `${sums?.['n']}/${sums?.['a']}/${sums?.['b']}/${sums?.['c']}`;
  return { rows: Number(sums?.['n'] ?? 0), sum };
}

/** An expression that differs whenever any column does. */
export function rowHash(columns: readonly UserColumn[]): string {
  return `SHA2(CONCAT_WS('|', ${columns.map(checksumExpression).join(', ')}), 256)`;
}

const part = (from: number): string => `CAST(CONV(SUBSTRING(h, ${from}, 8), 16, 10) AS UNSIGNED)`;

/** SHOW CREATE TABLE without the next AUTO_INCREMENT value. */
export async function readDefinition(
  connection: NodeConnection,
  table: TableName,
): Promise<string> {
  const [created] = await queryRows(connection, `SHOW CREATE TABLE ${qualified(table)}`);
  const text = Object.values(created ?? {})[1] ?? '';
  // Only among the table's options, behind the last parenthesis of its columns and keys.
  const end = text.lastIndexOf('\n)');
  return text.slice(0, end) + text.slice(end).replace(/ AUTO_INCREMENT=\d+/, '');
}

const long = /blob|text|json|vector/;
const raw = /char|binary/;
const geometry = /^(?:geom|point|line|poly|multi)/;

/** One column as text that differs whenever the value does, NULL from every value included. */
export function checksumExpression({ name, type }: UserColumn): string {
  const column = quoteIdentifier(name);
  return `IFNULL(${textOf(column, type)}, '-')`;
}

function textOf(column: string, type: string): string {
  // Hashed by itself: its hex digits could be more than a packet holds, and then be NULL.
  if (type === 'json') return `SHA2(CAST(${column} AS CHAR), 256)`;
  if (long.test(type) || geometry.test(type)) return `SHA2(${column}, 256)`;
  if (raw.test(type)) return `HEX(${column})`;
  if (type === 'enum' || type === 'set' || type === 'bit') return `CAST(${column} AS UNSIGNED)`;
  // The text of a FLOAT has six digits, that of a DOUBLE all of them.
  if (type === 'float' || type === 'double') return `CAST(${column} * 1e0 AS CHAR)`;
  return `CAST(${column} AS CHAR)`;
}
