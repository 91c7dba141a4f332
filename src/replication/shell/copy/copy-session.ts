import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import type { Flavor } from '../../../nodes/server-facts.ts';

const common =
  "SET NAMES utf8mb4;SET SESSION time_zone='+00:00', wait_timeout=2147483, " +
  'net_read_timeout=3600, net_write_timeout=3600;';

/** Settings under which a node's data is read exactly; to be followed by a snapshot. */
export async function prepareSource(connection: NodeConnection, flavor: Flavor): Promise<void> {
  const own =
    flavor === 'mysql'
      ? 'SET SESSION max_execution_time=0, information_schema_stats_expiry=0, ' +
        // Hashes of passwords hold bytes that are no text.
        'print_identified_with_as_hex=1;'
      : 'SET SESSION max_statement_time=0;';
  await queryRows(
    connection,
    `${common}${own}SET SESSION sql_mode='', sql_quote_show_create=1;` +
      'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  );
}

/** Settings under which everything is taken as it was read. */
export async function prepareTarget(connection: NodeConnection, flavor: Flavor): Promise<void> {
  const own =
    flavor === 'mysql'
      ? 'SET SESSION max_execution_time=0, sql_require_primary_key=0, ' +
        'sql_generate_invisible_primary_key=0, restrict_fk_on_non_standard_key=0;'
      : 'SET SESSION max_statement_time=0, check_constraint_checks=0;';
  await queryRows(
    connection,
    `${common}${settingsThatExist(connection, own)}${targetMode};` +
      'SET SESSION foreign_key_checks=0, unique_checks=0, lock_wait_timeout=60',
  );
}

export const targetMode = "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'";

/** MySQL has got some of these only lately. */
function settingsThatExist(connection: NodeConnection, sql: string): string {
  const [major = 0, minor = 0] = connection.serverVersion
    .split('.')
    .map((part) => parseInt(part, 10));
  const version = major * 100 + minor;
  return version >= 804 ? sql : sql.replace(', restrict_fk_on_non_standard_key=0', '');
}

export async function packetBytesOf(connection: NodeConnection): Promise<number> {
  const [row] = await queryRows(connection, 'SELECT @@max_allowed_packet AS bytes');
  return Number(row?.['bytes'] ?? 1024 * 1024);
}
