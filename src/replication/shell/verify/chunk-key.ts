import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows, type Row } from '../../../nodes/query-rows.ts';
import { quoteIdentifier, quoteString } from '../../../sql/quote.ts';
import type { TableName } from '../copy/user-tables.ts';

/** The order in which a table is walked: a unique index without NULL, the primary key if any. */
export interface ChunkKey {
  readonly index: string;
  readonly columns: readonly KeyColumn[];
}

export interface KeyColumn {
  readonly name: string;
  /** Of information_schema, lower case. */
  readonly type: string;
  /** Of a column that holds text. */
  readonly charset: string | undefined;
}

/** One value for each column of a key, as `keyExpression` reads it. */
export type KeyValue = readonly string[];

const numbers = new Set(
  'tinyint smallint mediumint int integer bigint decimal numeric year bit'.split(' '),
);
const quoted = new Set('date datetime timestamp time uuid inet4 inet6'.split(' '));
const bytes = new Set('char varchar binary varbinary'.split(' '));

/**
 * Whether values of the type come back as literals that compare as the column is sorted. Not
 * so: ENUM and SET (sorted by number, compared as text), FLOAT and DOUBLE (a literal may be
 * another value).
 */
const canWalk = (type: string): boolean => numbers.has(type) || quoted.has(type) || bytes.has(type);

/** The index to walk the table by; undefined when it has none that will do. */
export async function readChunkKey(
  connection: NodeConnection,
  { schema, table }: TableName,
): Promise<ChunkKey | undefined> {
  const mariadb = /mariadb/i.test(connection.serverVersion);
  const used = mariadb ? "s.IGNORED = 'NO'" : "s.IS_VISIBLE = 'YES'";
  const rows = await queryRows(
    connection,
    'SELECT s.INDEX_NAME AS k, s.SUB_PART AS part, c.COLUMN_NAME AS name, ' +
      'LOWER(c.DATA_TYPE) AS type, c.IS_NULLABLE AS nullable, c.CHARACTER_SET_NAME AS charset ' +
      'FROM information_schema.STATISTICS s LEFT JOIN information_schema.COLUMNS c ' +
      'ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME ' +
      'AND c.COLUMN_NAME = s.COLUMN_NAME ' +
      `WHERE s.TABLE_SCHEMA = ${quoteString(schema)} AND s.TABLE_NAME = ${quoteString(table)} ` +
      `AND s.NON_UNIQUE = 0 AND s.INDEX_TYPE = 'BTREE' AND ${used} ` +
      "ORDER BY s.INDEX_NAME <> 'PRIMARY', 1, s.SEQ_IN_INDEX",
  );
  return chooseKey(rows);
}

/** From the parts of all unique indexes, the primary key first. */
export function chooseKey(parts: readonly Row[]): ChunkKey | undefined {
  const indexes = new Map<string, Row[]>();
  for (const part of parts) {
    const index = part['k'] ?? '';
    indexes.set(index, [...(indexes.get(index) ?? []), part]);
  }
  for (const [index, columns] of indexes) {
    // A part without a column is an expression; one with a length does not hold the value.
    const able = columns.every(
      ({ name, part, nullable, type }) =>
        (name ?? null) !== null &&
        (part ?? null) === null &&
        nullable === 'NO' &&
        canWalk(type ?? ''),
    );
    if (!able) continue;
    return {
      index,
      columns: columns.map(({ name, type, charset }) => ({
        name: name ?? '',
        type: type ?? '',
        charset: charset ?? undefined,
      })),
    };
  }
  return undefined;
}

/** What to select so that the value comes back exactly, whatever its character set. */
export function keyExpression({ name, type }: KeyColumn): string {
  const column = quoteIdentifier(name);
  if (bytes.has(type)) return `HEX(${column})`;
  return type === 'bit' ? `CAST(${column} AS UNSIGNED)` : column;
}

/** A value read by `keyExpression`, as an SQL literal that compares as the column does. */
export function keyLiteral({ type, charset }: KeyColumn, value: string): string {
  if (numbers.has(type)) return value;
  if (quoted.has(type)) return quoteString(value);
  const text = `X'${value}'`;
  return charset === undefined || charset === 'binary' ? text : `_${charset} ${text}`;
}

const wide = /^(?:utf16|utf16le|utf32|ucs2)$/;

/** As `keyLiteral`, but text that can be read as it is stays text. */
export function readableLiteral(column: KeyColumn, value: string): string {
  const { type, charset } = column;
  if (!bytes.has(type) || charset === undefined || charset === 'binary' || wide.test(charset)) {
    return keyLiteral(column, value);
  }
  const raw = Buffer.from(value, 'hex');
  const text = raw.toString(charset.startsWith('utf8') ? 'utf8' : 'latin1');
  const readable = charset.startsWith('utf8') ? /^[^\p{C}\uFFFD]*$/u : /^[ -~]*$/;
  return readable.test(text) ? quoteString(text) : keyLiteral(column, value);
}
