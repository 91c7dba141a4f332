import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { quoteIdentifier, quoteString } from '../../../sql/quote.ts';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A table with rows of its own. */
export interface UserTable extends TableName {
  /** As far as the server's statistics know; for the order of work only. */
  readonly bytes: number;
  /** As above; for the size of a row. */
  readonly rowsAbout: number;
  readonly columns: readonly UserColumn[];
  /** MariaDB keeps the history of its rows. */
  readonly versioned: boolean;
}

export interface UserColumn {
  readonly name: string;
  /** Of information_schema, lower case: `varchar`, `bit`, `json` … */
  readonly type: string;
  /** Computed by the server: not to be inserted. */
  readonly generated: boolean;
}

const systemSchemas = ['mysql', 'sys', 'information_schema', 'performance_schema', 'lockstep'];

/** A condition that leaves out what is no application's, for a column with a schema's name. */
export const userSchemasOnly = (column: string): string =>
  `LOWER(${column}) NOT IN (${systemSchemas.map((name) => quoteString(name)).join(', ')})`;

export const qualified = ({ schema, table }: TableName): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;

export async function readUserSchemas(connection: NodeConnection): Promise<string[]> {
  const rows = await queryRows(
    connection,
    'SELECT SCHEMA_NAME AS s FROM information_schema.SCHEMATA ' +
      `WHERE ${userSchemasOnly('SCHEMA_NAME')} ORDER BY SCHEMA_NAME`,
  );
  return rows.map(({ s }) => s ?? '');
}

/** Whether there is nothing of applications but schemas without anything in them. */
export async function holdsNothing(connection: NodeConnection): Promise<boolean> {
  const counts = ['TABLE', 'ROUTINE', 'EVENT'].map((kind) => {
    const others = userSchemasOnly(`${kind}_SCHEMA`);
    return `(SELECT COUNT(*) FROM information_schema.${kind}S WHERE ${others})`;
  });
  const [row] = await queryRows(connection, `SELECT ${counts.join(' + ')} AS n`, {
    timeoutMs: catalogueTimeoutMs,
  });
  return Number(row?.['n']) === 0;
}

/** Largest first, or only the one named. Views and sequences are not among them. */
export async function readUserTables(
  connection: NodeConnection,
  only?: TableName,
): Promise<UserTable[]> {
  const named = only
    ? ` AND TABLE_SCHEMA = ${quoteString(only.schema)}` +
      ` AND TABLE_NAME = ${quoteString(only.table)}`
    : '';
  const tables = await queryRows(
    connection,
    'SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, TABLE_TYPE AS type, ' +
      'COALESCE(DATA_LENGTH, 0) AS bytes, COALESCE(TABLE_ROWS, 0) AS rows_about ' +
      'FROM information_schema.TABLES ' +
      `WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ` +
      `AND ${userSchemasOnly('TABLE_SCHEMA')}${named} ORDER BY bytes DESC, s, t`,
    { timeoutMs: catalogueTimeoutMs },
  );
  const columns = await queryRows(
    connection,
    'SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, COLUMN_NAME AS c, LOWER(DATA_TYPE) AS type, ' +
      'EXTRA AS extra FROM information_schema.COLUMNS ' +
      `WHERE ${userSchemasOnly('TABLE_SCHEMA')}${named} ORDER BY s, t, ORDINAL_POSITION`,
    { timeoutMs: catalogueTimeoutMs },
  );
  const byTable = new Map<string, UserColumn[]>();
  for (const { s, t, c, type, extra } of columns) {
    const key = `${s}\0${t}`;
    const list = byTable.get(key) ?? [];
    byTable.set(key, list);
    const generated = /\b(?:VIRTUAL|STORED|PERSISTENT)\b/i.test(extra ?? '');
    list.push({ name: c ?? '', type: type ?? '', generated });
  }
  return tables.map(({ s, t, type, bytes, rows_about }) => ({
    schema: s ?? '',
    table: t ?? '',
    bytes: Number(bytes),
    rowsAbout: Number(rows_about),
    columns: byTable.get(`${s}\0${t}`) ?? [],
    versioned: type === 'SYSTEM VERSIONED',
  }));
}

const catalogueTimeoutMs = 120_000;
