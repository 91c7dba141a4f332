import { createHash } from 'node:crypto';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../../nodes/query-rows.ts';
import { quoteIdentifier, quoteString } from '../../sql/quote.ts';
import type { Statement } from '../../sql/statement.ts';

/** What the catalogue says of every schema; `%` stands for the schemas the statement names. */
const catalogueQueries = [
  'SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME ' +
    'FROM information_schema.SCHEMATA',
  'SELECT ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE, CREATED, LAST_ALTERED ' +
    'FROM information_schema.ROUTINES',
  'SELECT TRIGGER_SCHEMA, TRIGGER_NAME, CREATED, ACTION_STATEMENT ' +
    'FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (%)',
  'SELECT EVENT_SCHEMA, EVENT_NAME, CREATED, LAST_ALTERED ' +
    'FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (%)',
];

/**
 * InnoDB gives a table or partition a new number when it is made, truncated or rebuilt, which
 * no definition shows. MySQL calls the view INNODB_TABLES, MariaDB INNODB_SYS_TABLES; the other
 * one is an error that is the same before and after.
 */
const tableNumberQueries = ['INNODB_TABLES', 'INNODB_SYS_TABLES'].map(
  (view) =>
    `SELECT NAME, TABLE_ID FROM information_schema.${view} WHERE NAME LIKE '%/%' ` +
    "AND NAME NOT LIKE 'mysql/%' AND NAME NOT LIKE 'lockstep/%' AND NAME NOT LIKE '%/#sql%' " +
    "AND NAME NOT LIKE '%/fts\\_%'",
);

/** Where either engine keeps accounts, roles and rights. */
const accountTables = [
  'user',
  'global_priv',
  'global_grants',
  'db',
  'tables_priv',
  'columns_priv',
  'procs_priv',
  'proxies_priv',
  'role_edges',
  'roles_mapping',
  'default_roles',
];

/**
 * A hash of every object that a DDL statement could change: equal before and after exactly
 * when the statement had no effect that lasts. (What it does not see, such as SET GLOBAL or
 * ANALYZE, changes no data.)
 */
export async function ddlFingerprint(
  connection: NodeConnection,
  statement: Statement,
  defaultSchema: string,
): Promise<string> {
  const hash = createHash('sha256');
  for (const table of statement.tables) {
    const schema = table.schema ?? defaultSchema;
    const name = schema === '' ? quoteIdentifier(table.name) : qualified(schema, table.name);
    hash.update(await describe(connection, `SHOW CREATE TABLE ${name}`));
  }
  const schemas = new Set(statement.tables.map((table) => table.schema ?? defaultSchema));
  schemas.add(defaultSchema);
  const list = [...schemas].map((schema) => quoteString(schema)).join(',');
  for (const sql of catalogueQueries) {
    hash.update(await describe(connection, sql.replace('(%)', `(${list})`)));
  }
  for (const sql of tableNumberQueries) hash.update(await describe(connection, sql));
  for (const table of accountTables) {
    hash.update(await describe(connection, `SELECT * FROM mysql.${table}`));
  }
  return hash.digest('hex');
}

async function describe(connection: NodeConnection, sql: string): Promise<string> {
  try {
    const rows = await queryRows(connection, sql, { latin1: true });
    const texts = rows.map((row) =>
      // The counter moves with every insert and says nothing about the statement.
      JSON.stringify(row).replace(/ AUTO_INCREMENT=\d+/g, ''),
    );
    return texts.toSorted((a, b) => (a < b ? -1 : 1)).join('\n');
  } catch (error) {
    if (error instanceof NodeQueryError) return `error ${error.errno}`;
    throw error;
  }
}

const qualified = (schema: string, name: string): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
