import { createHash } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { LocalServer } from './local-server.ts';
import { connectTo } from './connect.ts';

export interface TableChecksum {
  readonly rows: number;
  /** Equal exactly when definition and rows (in any order) are equal. */
  readonly checksum: string;
  /** SHOW CREATE … without the next auto-increment value. */
  readonly definition: string;
}

/** `schema.table`, or `schema.name (trigger)` and so on, to what it holds. */
export type NodeChecksums = ReadonlyMap<string, TableChecksum>;

const ownSchemas = ['mysql', 'sys', 'information_schema', 'performance_schema', 'lockstep'];

/** What each server holds, in the servers' order, asked from each directly. */
export function checksums(servers: readonly LocalServer[]): Promise<NodeChecksums[]> {
  return Promise.all(
    servers.map(async (server) => {
      const connection = await connectTo(server, { user: 'root' });
      try {
        return await checksumsOf(connection);
      } finally {
        connection.destroy();
      }
    }),
  );
}

/**
 * Throws an error that names every table in which a server differs from the first one, and
 * how: missing, defined otherwise, another number of rows, or which rows are only on one side.
 */
export async function expectEqualNodes(servers: readonly LocalServer[]): Promise<void> {
  const all = await checksums(servers);
  const [reference] = servers;
  const expected = all[0];
  if (reference === undefined || expected === undefined) return;
  const differences: string[] = [];
  for (const [index, server] of servers.entries()) {
    const found = all[index] ?? new Map<string, TableChecksum>();
    for (const table of new Set([...expected.keys(), ...found.keys()])) {
      const left = expected.get(table);
      const right = found.get(table);
      if (left?.checksum === right?.checksum) continue;
      differences.push(await describe({ table, reference, server, left, right }));
    }
  }
  if (differences.length > 0) {
    throw new Error(`the nodes differ:\n${differences.map((line) => `- ${line}`).join('\n')}`);
  }
}

interface Difference {
  readonly table: string;
  readonly reference: LocalServer;
  readonly server: LocalServer;
  readonly left: TableChecksum | undefined;
  readonly right: TableChecksum | undefined;
}

const rowsShownMax = 5;
const rowsComparedMax = 200_000;

async function describe(difference: Difference): Promise<string> {
  const { table, reference, server, left, right } = difference;
  if (left === undefined) return `${table}: on ${server.name}, not on ${reference.name}`;
  if (right === undefined) return `${table}: on ${reference.name}, not on ${server.name}`;
  if (left.definition !== right.definition) {
    return (
      `${table}: defined differently\n  ${reference.name}: ${left.definition}` +
      `\n  ${server.name}: ${right.definition}`
    );
  }
  const count = (rows: number, on: LocalServer): string => `${rows} rows on ${on.name}`;
  const counts = `${table}: ${count(left.rows, reference)}, ${count(right.rows, server)}`;
  if (Math.max(left.rows, right.rows) > rowsComparedMax) return counts;
  const [here, there] = await Promise.all([rowsOf(reference, table), rowsOf(server, table)]);
  return [
    counts,
    ...extraRows(here, there).map((row) => `  only on ${reference.name}: ${row}`),
    ...extraRows(there, here).map((row) => `  only on ${server.name}: ${row}`),
  ].join('\n');
}

/** Rows of `left` beyond those of `right`, duplicates counted; the first few. */
function extraRows(left: readonly string[], right: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const row of right) counts.set(row, (counts.get(row) ?? 0) + 1);
  const extra: string[] = [];
  for (const row of left) {
    const count = counts.get(row) ?? 0;
    if (count > 0) counts.set(row, count - 1);
    else extra.push(row);
    if (extra.length === rowsShownMax) break;
  }
  return extra;
}

async function rowsOf(server: LocalServer, table: string): Promise<string[]> {
  const connection = await connectTo(server, { user: 'root' });
  try {
    const [schema = '', ...rest] = table.split('.');
    const sql = `SELECT * FROM ${quote(schema)}.${quote(rest.join('.'))}`;
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows.map((row) => JSON.stringify(row));
  } finally {
    connection.destroy();
  }
}

async function checksumsOf(connection: Connection): Promise<NodeChecksums> {
  // Names and definitions as utf8mb4, and one picture of all tables although others write.
  await connection.query('SET NAMES utf8mb4');
  await connection.query('SET SESSION group_concat_max_len = 1048576');
  await connection.query("SET SESSION time_zone = '+00:00'");
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
  const result = new Map<string, TableChecksum>();
  for (const { schema, table, type } of await tablesOf(connection)) {
    const definition = await definitionOf(connection, schema, table);
    const content =
      type === 'BASE TABLE' || type === 'SEQUENCE'
        ? await contentOf(connection, schema, table)
        : { rows: 0, sums: [] };
    result.set(`${schema}.${table}`, {
      rows: content.rows,
      checksum: digest([definition, content.rows, ...content.sums]),
      definition,
    });
  }
  for (const [name, definition] of await routinesOf(connection)) {
    result.set(name, { rows: 0, checksum: digest([definition]), definition });
  }
  return result;
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
}

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

interface TableRow {
  readonly schema: string;
  readonly table: string;
  readonly type: string;
}

async function tablesOf(connection: Connection): Promise<TableRow[]> {
  const [rows] = await connection.query<(RowDataPacket & TableRow)[]>(
    `SELECT table_schema AS \`schema\`, table_name AS \`table\`, table_type AS type
     FROM information_schema.tables WHERE table_schema NOT IN (?)
     ORDER BY table_schema, table_name`,
    [ownSchemas],
  );
  return rows;
}

async function definitionOf(
  connection: Connection,
  schema: string,
  table: string,
): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SHOW CREATE TABLE ${quote(schema)}.${quote(table)}`,
  );
  const row: Record<string, string> = rows[0] ?? {};
  const text = row['Create Table'] ?? row['Create View'] ?? '';
  // Only among the table's options, behind the last parenthesis of its columns and keys.
  const end = text.lastIndexOf('\n)');
  return text.slice(0, end) + text.slice(end).replace(/ AUTO_INCREMENT=\d+/, '');
}

/**
 * Per row three independent 32-bit parts of a SHA-256 over all columns (MySQL 9.7 has neither
 * MD5 nor SHA1), summed and xor-ed over the rows: the order does not matter, and duplicate
 * rows cannot cancel each other out of a sum. Each column goes in as hex digits or `NULL`, with
 * a separator, so that no value, NULL or empty, passes for another or slides into its neighbour.
 */
async function contentOf(
  connection: Connection,
  schema: string,
  table: string,
): Promise<{ rows: number; sums: unknown[] }> {
  const [columns] = await connection.query<RowDataPacket[]>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
    [schema, table],
  );
  const parts = columns.map((column) => {
    const name = quote(String(column['name']));
    return `IFNULL(HEX(${hashable(name, String(column['type']))}), 'NULL')`;
  });
  const row = `SHA2(CONCAT_WS('|', ${parts.join(', ')}), 256)`;
  const part = (from: number): string => `CAST(CONV(SUBSTRING(h, ${from}, 8), 16, 10) AS UNSIGNED)`;
  const [sums] = await connection.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS n, CAST(SUM(${part(1)}) AS CHAR) AS a, CAST(SUM(${part(9)}) AS CHAR) AS b,
       CAST(BIT_XOR(${part(17)}) AS CHAR) AS c
     FROM (SELECT ${row} AS h FROM ${quote(schema)}.${quote(table)}) AS hashed`,
  );
  const found: Record<string, unknown> = sums[0] ?? {};
  return { rows: Number(found['n']), sums: [found['a'], found['b'], found['c']] };
}

/** HEX of a number would round it to an integer, so everything is made text or bytes first. */
function hashable(name: string, type: string): string {
  if (/blob|binary|vector/.test(type)) return name;
  // The text of a FLOAT has six digits, that of a DOUBLE all of them.
  if (type === 'float') return `CAST(${name} + 0e0 AS CHAR)`;
  if (/^(point|line|poly|multi|geom)/.test(type)) return `ST_AsBinary(${name})`;
  if (type === 'bit') return `CAST(${name} + 0 AS CHAR)`;
  return `CAST(${name} AS CHAR CHARACTER SET utf8mb4)`;
}

async function routinesOf(connection: Connection): Promise<Map<string, string>> {
  const result = new Map<string, string>();
  const [routines] = await connection.query<RowDataPacket[]>(
    `SELECT CONCAT(routine_schema, '.', routine_name, ' (', LOWER(routine_type), ')') AS name,
       CONCAT_WS('|', routine_definition, dtd_identifier, sql_mode, security_type) AS body
     FROM information_schema.routines WHERE routine_schema NOT IN (?)`,
    [ownSchemas],
  );
  const [triggers] = await connection.query<RowDataPacket[]>(
    `SELECT CONCAT(trigger_schema, '.', trigger_name, ' (trigger)') AS name,
       CONCAT_WS('|', action_timing, event_manipulation, event_object_table, action_statement,
         sql_mode) AS body
     FROM information_schema.triggers WHERE trigger_schema NOT IN (?)`,
    [ownSchemas],
  );
  const [schemas] = await connection.query<RowDataPacket[]>(
    `SELECT CONCAT(schema_name, ' (schema)') AS name,
       CONCAT_WS('|', default_character_set_name, default_collation_name) AS body
     FROM information_schema.schemata WHERE schema_name NOT IN (?)`,
    [ownSchemas],
  );
  for (const row of [...schemas, ...routines, ...triggers]) {
    result.set(String(row['name']), String(row['body']));
  }
  return result;
}
