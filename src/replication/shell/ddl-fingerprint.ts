import { createHash } from 'node:crypto';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../../nodes/query-rows.ts';
import { quoteIdentifier, quoteString } from '../../sql/quote.ts';
import type { Statement } from '../../sql/statement.ts';

/**
 * A hash of every object that a DDL statement could change: equal before and after exactly
 * when the statement had no visible effect. (Statements without one, such as TRUNCATE or
 * GRANT, may be run again without harm, since nothing runs beside them.)
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
  const catalogue = [
    'SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME ' +
      'FROM information_schema.SCHEMATA ORDER BY SCHEMA_NAME',
    'SELECT ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE, CREATED, LAST_ALTERED ' +
      'FROM information_schema.ROUTINES ORDER BY 1, 2, 3',
    'SELECT TRIGGER_SCHEMA, TRIGGER_NAME, CREATED, ACTION_STATEMENT ' +
      `FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (${list}) ORDER BY 1, 2`,
    'SELECT EVENT_SCHEMA, EVENT_NAME, CREATED, LAST_ALTERED ' +
      `FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (${list}) ORDER BY 1, 2`,
    'SELECT User, Host FROM mysql.user ORDER BY 1, 2',
  ];
  for (const sql of catalogue) hash.update(await describe(connection, sql));
  return hash.digest('hex');
}

async function describe(connection: NodeConnection, sql: string): Promise<string> {
  try {
    const text = JSON.stringify(await queryRows(connection, sql));
    // The counter moves with every insert and says nothing about the statement.
    return text.replace(/ AUTO_INCREMENT=\d+/g, '');
  } catch (error) {
    if (error instanceof NodeQueryError) return `error ${error.errno}`;
    throw error;
  }
}

const qualified = (schema: string, name: string): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
