import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { Statement } from '../sql/statement.ts';
import { unsafe } from './check-write.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Refuses ALTER TABLE that numbers rows, or drops some, in the order in which it meets them: that
 * is the same on every node where a key gives it, and where there is nothing to put in an order.
 * The connection is one to the leader, and nobody writes meanwhile.
 */
export async function refuseUnorderedChange(
  core: SessionCore,
  connection: NodeConnection,
  statement: Statement,
  sql: string,
): Promise<void> {
  const numbers = /\bAUTO_INCREMENT\b(?!\s*=|\s*\d)/i.test(sql) || statement.usesRand;
  if (!numbers && !statement.ignore) return;
  for (const { schema, name } of statement.writtenTables) {
    const of = schema ?? core.state.schema;
    const { uniqueKey } = await core.context.catalogue.table(of, name);
    if (uniqueKey.length > 0) continue;
    const qualified = `${quoteIdentifier(of)}.${quoteIdentifier(name)}`;
    const table = inCharset(qualified, core.lexMode.charset);
    if (!(await hasSeveralRows(connection, table))) continue;
    throw unsafe(
      `ALTER TABLE would number or choose rows of ${name}, which no key puts in an order`,
      'create a table with a primary key and INSERT … SELECT into it',
    );
  }
}

/** Also where the account may change the table but not read it. */
async function hasSeveralRows(connection: NodeConnection, table: string): Promise<boolean> {
  try {
    const sql = `SELECT 1 FROM ${table} LIMIT 2`;
    return (await queryRows(connection, sql, { latin1: true })).length > 1;
  } catch (error) {
    if (error instanceof NodeQueryError) return true;
    throw error;
  }
}
