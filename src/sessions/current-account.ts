import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import { quoteIdentifier } from '../sql/quote.ts';

/** The account that the server took the client for, quoted; its host may hold wildcards. */
export async function currentAccount(connection: NodeConnection): Promise<string> {
  const [row] = await queryRows(connection, 'SELECT CURRENT_USER() AS account LIMIT 1', {
    latin1: true,
  });
  const account = Buffer.from(row?.['account'] ?? '', 'utf8').toString('latin1');
  const at = account.lastIndexOf('@');
  return `${quoteIdentifier(account.slice(0, at))}@${quoteIdentifier(account.slice(at + 1))}`;
}
