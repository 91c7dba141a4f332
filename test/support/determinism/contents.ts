import type { Connection, RowDataPacket } from 'mysql2/promise';

/** What is compared: everything a schema holds, and who may do what. By name, as text. */
export type Contents = ReadonlyMap<string, string>;

export async function contentsOf(direct: Connection, schema: string): Promise<Contents> {
  const parts = new Map<string, string>();
  for (const [sql, name] of [...definitionQueries(schema), ...accountQueries]) {
    parts.set(name, await rowsAsText(direct, sql));
  }
  const [tables] = await direct.query<RowDataPacket[]>(
    `SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME`,
    [schema],
  );
  for (const { name, type } of tables) {
    const table = `\`${schema}\`.\`${name}\``;
    const [[row]] = await direct.query<RowDataPacket[]>(`SHOW CREATE TABLE ${table}`);
    // What a node counted up to and did not use is its own.
    const definition = String(Object.values(row ?? {})[1]).replace(/ AUTO_INCREMENT=\d+/, '');
    parts.set(`definition of ${name}`, definition);
    if (type === 'VIEW') continue;
    parts.set(`rows of ${name}`, await rowsAsText(direct, `SELECT * FROM ${table}`));
  }
  return parts;
}

const definitionQueries = (schema: string): readonly (readonly [sql: string, name: string])[] => [
  [`SHOW CREATE DATABASE \`${schema}\``, 'schema'],
  [
    'SELECT ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION, DTD_IDENTIFIER, SQL_MODE, ' +
      'SECURITY_TYPE, DEFINER, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION ' +
      `FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '${schema}'`,
    'routines',
  ],
  [
    'SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT, ACTION_ORDER, ' +
      'SQL_MODE, DEFINER, CREATED, CHARACTER_SET_CLIENT ' +
      `FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '${schema}'`,
    'triggers',
  ],
  [
    'SELECT EVENT_NAME, DEFINER, EVENT_DEFINITION, STATUS, STARTS, INTERVAL_VALUE, SQL_MODE, ' +
      `TIME_ZONE FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '${schema}'`,
    'events',
  ],
];

/** What is in two contents and differs, a line each. */
export function differencesOf(left: Contents, right: Contents): string[] {
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return names
    .filter((name) => left.get(name) !== right.get(name))
    .map((name) => `${name}:\n  ${left.get(name)}\n  ${right.get(name)}`);
}

/** Those that only one engine has are empty on the other. Lockstep has rights of its own. */
const accountQueries: readonly (readonly [sql: string, name: string])[] = [
  ['SELECT * FROM mysql.user', 'accounts'],
  ...['db', 'tables_priv', 'columns_priv', 'procs_priv'].map(
    (table) => [`SELECT * FROM mysql.${table} WHERE Db <> 'lockstep'`, table] as const,
  ),
  ...['global_priv', 'global_grants', 'role_edges', 'default_roles', 'roles_mapping'].map(
    (table) => [`SELECT * FROM mysql.${table}`, table] as const,
  ),
];

const noSuchTable = 1146;

async function rowsAsText(direct: Connection, sql: string): Promise<string> {
  try {
    const [rows] = await direct.query<RowDataPacket[]>({ sql, rowsAsArray: true });
    return rows
      .map((row) => JSON.stringify(row))
      .toSorted()
      .join(',');
  } catch (error) {
    if ((error as { errno?: number }).errno === noSuchTable) return '';
    throw error;
  }
}
