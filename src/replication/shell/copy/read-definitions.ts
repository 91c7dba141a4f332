import { createHash } from 'node:crypto';
import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { userSchemasOnly } from './user-tables.ts';

/** Key: schema, NUL, name with its kind, e.g. `total (function)`. */
export type Definitions = ReadonlyMap<string, string>;

const queries: readonly string[] = [
  `SELECT SCHEMA_NAME AS s, '(schema)' AS n,
     CONCAT_WS('|', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME) AS d
   FROM information_schema.SCHEMATA WHERE ${userSchemasOnly('SCHEMA_NAME')}`,
  `SELECT TABLE_SCHEMA AS s, CONCAT(TABLE_NAME, ' (view)') AS n,
     CONCAT_WS('|', VIEW_DEFINITION, CHECK_OPTION, SECURITY_TYPE) AS d
   FROM information_schema.VIEWS WHERE ${userSchemasOnly('TABLE_SCHEMA')}`,
  `SELECT ROUTINE_SCHEMA AS s, CONCAT(ROUTINE_NAME, ' (', LOWER(ROUTINE_TYPE), ')') AS n,
     CONCAT_WS('|', ROUTINE_DEFINITION, DTD_IDENTIFIER, SQL_DATA_ACCESS, IS_DETERMINISTIC,
       SECURITY_TYPE, SQL_MODE) AS d
   FROM information_schema.ROUTINES WHERE ${userSchemasOnly('ROUTINE_SCHEMA')}`,
  `SELECT SPECIFIC_SCHEMA AS s,
     CONCAT(SPECIFIC_NAME, ' (', LOWER(ROUTINE_TYPE), ' parameters)') AS n,
     GROUP_CONCAT(CONCAT_WS(' ', ORDINAL_POSITION, PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER)
       ORDER BY ORDINAL_POSITION) AS d
   FROM information_schema.PARAMETERS WHERE ${userSchemasOnly('SPECIFIC_SCHEMA')}
   GROUP BY SPECIFIC_SCHEMA, SPECIFIC_NAME, ROUTINE_TYPE`,
  `SELECT TRIGGER_SCHEMA AS s, CONCAT(TRIGGER_NAME, ' (trigger)') AS n,
     CONCAT_WS('|', ACTION_TIMING, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_ORDER,
       ACTION_STATEMENT, SQL_MODE) AS d
   FROM information_schema.TRIGGERS WHERE ${userSchemasOnly('TRIGGER_SCHEMA')}`,
  // Whether it is enabled differs by design: one node at most runs it.
  `SELECT EVENT_SCHEMA AS s, CONCAT(EVENT_NAME, ' (event)') AS n,
     CONCAT_WS('|', EVENT_DEFINITION, EVENT_TYPE, EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD,
       ON_COMPLETION, SQL_MODE) AS d
   FROM information_schema.EVENTS WHERE ${userSchemasOnly('EVENT_SCHEMA')}`,
];

/**
 * What a node has besides its tables: schemas, views, routines, triggers and events, each as a
 * hash of its definition. DEFINER is not compared.
 */
export async function readDefinitions(connection: NodeConnection): Promise<Definitions> {
  const definitions = new Map<string, string>();
  await queryRows(connection, 'SET SESSION group_concat_max_len=1048576');
  for (const sql of queries) {
    for (const { s, n, d } of await queryRows(connection, sql, { timeoutMs: 120_000 })) {
      const hash = createHash('sha256')
        .update(d ?? '')
        .digest('hex');
      definitions.set(`${s}\0${n}`, hash.slice(0, 16));
    }
  }
  return definitions;
}
