import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import type { Flavor } from '../../../nodes/server-facts.ts';
import { qualified, readUserSchemas, userSchemasOnly, type UserTable } from './user-tables.ts';

/** Where from and where to; both sessions prepared. */
export interface CopyEnds {
  readonly source: NodeConnection;
  readonly target: NodeConnection;
  readonly flavor: Flavor;
}

/** DDL may wait for disks. */
export const ddlTimeoutMs = 10 * 60_000;

/** Every schema of applications goes from the target, with all that is in it. */
export async function dropSchemas(target: NodeConnection): Promise<void> {
  for (const schema of await readUserSchemas(target)) {
    await queryRows(target, `DROP DATABASE IF EXISTS ${quoteIdentifier(schema)}`, {
      timeoutMs: ddlTimeoutMs,
    });
  }
}

/** Schemas, sequences and empty tables; foreign keys are not checked, so any order will do. */
export async function createTables(
  { source, target, flavor }: CopyEnds,
  tables: readonly UserTable[],
): Promise<void> {
  for (const schema of await readUserSchemas(source)) {
    await queryRows(target, await shown(source, `DATABASE ${quoteIdentifier(schema)}`), {
      timeoutMs: ddlTimeoutMs,
    });
  }
  if (flavor === 'mariadb') await createSequences(source, target);
  for (const table of tables) {
    const sql = await shown(source, `TABLE ${qualified(table)}`);
    await queryRows(target, `USE ${quoteIdentifier(table.schema)}`);
    await queryRows(target, sql, { timeoutMs: ddlTimeoutMs });
  }
}

async function shown(source: NodeConnection, what: string): Promise<string> {
  const [row] = await queryRows(source, `SHOW CREATE ${what}`);
  return Object.values(row ?? {})[1] ?? '';
}

/** A sequence goes on where the source's would after a restart: behind the values it reserved. */
async function createSequences(source: NodeConnection, target: NodeConnection): Promise<void> {
  for (const sequence of await readSequences(source)) {
    const name = qualified(sequence);
    await queryRows(target, `USE ${quoteIdentifier(sequence.schema)}`);
    await queryRows(target, await shown(source, `SEQUENCE ${name}`), { timeoutMs: ddlTimeoutMs });
    const [state] = await queryRows(
      source,
      `SELECT next_not_cached_value AS next, cycle_count AS cycles FROM ${name}`,
    );
    await queryRows(target, `SELECT SETVAL(${name}, ${state?.['next']}, 0, ${state?.['cycles']})`);
  }
}

export async function readSequences(
  connection: NodeConnection,
): Promise<{ schema: string; table: string }[]> {
  const rows = await queryRows(
    connection,
    'SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES ' +
      `WHERE TABLE_TYPE = 'SEQUENCE' AND ${userSchemasOnly('TABLE_SCHEMA')} ORDER BY s, t`,
    { timeoutMs: ddlTimeoutMs },
  );
  return rows.map(({ s, t }) => ({ schema: s ?? '', table: t ?? '' }));
}
