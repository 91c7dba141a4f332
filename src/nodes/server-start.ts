import type { NodeConnection } from './node-connection.ts';
import { queryRows } from './query-rows.ts';

/**
 * Seconds since 1970 at which the server started. Both engines compute Uptime from the time at
 * which the asking statement began, which is also what UNIX_TIMESTAMP() gives; asked together
 * they yield the same second each time, also when the clock is set meanwhile.
 */
export async function readServerStart(
  connection: NodeConnection,
  options: { timeoutMs?: number } = {},
): Promise<number> {
  const isMariadb = /mariadb/i.test(connection.serverVersion);
  const schema = isMariadb ? 'information_schema' : 'performance_schema';
  const [row] = await queryRows(
    connection,
    `SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS SIGNED) AS started_at_s ` +
      `FROM ${schema}.${isMariadb ? 'GLOBAL_STATUS' : 'global_status'} ` +
      "WHERE VARIABLE_NAME = 'Uptime'",
    options,
  );
  return Number(row?.['started_at_s'] ?? 0);
}
