import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { ResponseCollector } from '../nodes/response-collector.ts';
import { CommandByte } from '../protocol/commands.ts';
import { parseTextResults } from '../protocol/result-set.ts';
import { limitsConditions } from './carry-state.ts';

/** One row of SHOW WARNINGS. */
export interface Condition {
  readonly level: string;
  readonly code: number;
  /** A binary string in the character set of the session's results. */
  readonly message: string;
}

/** What a statement has raised. */
export interface Raised {
  readonly conditions: readonly Condition[];
  /** Of those that were counted, where not all may be among the conditions. */
  readonly counts?: { readonly warnings: number; readonly errors: number } | undefined;
}

const query = (sql: string): Buffer => commandPacket(CommandByte.QUERY, Buffer.from(sql));
const showWarnings = query('SHOW WARNINGS');
const selectCounts = query('SELECT @@warning_count, @@error_count LIMIT 1');
const selectFoundRows = query('SELECT FOUND_ROWS() LIMIT 1');

/**
 * SHOW WARNINGS on the connection, behind what was sent there before. `uncounted`: no answer tells
 * how many there are. Resolves to undefined when the connection broke, never rejects.
 */
export async function askConditions(
  connection: NodeConnection,
  uncounted: boolean,
): Promise<Raised | undefined> {
  const shown = rowsOf(connection, showWarnings);
  const counted =
    uncounted && limitsConditions(connection) ? rowsOf(connection, selectCounts) : undefined;
  const rows = await shown;
  if (!rows) return undefined;
  const conditions = rows.map(([level, code, message]) => ({
    level: level ?? '',
    code: Number(code),
    message: message ?? '',
  }));
  const [counts] = (await counted) ?? [];
  return {
    conditions,
    ...(counts && { counts: { warnings: Number(counts[0]), errors: Number(counts[1]) } }),
  };
}

/** What the statement just run would have found without LIMIT. */
export async function askFoundRows(connection: NodeConnection): Promise<bigint | undefined> {
  const [row] = (await rowsOf(connection, selectFoundRows)) ?? [];
  return row?.[0] ? BigInt(row[0]) : undefined;
}

function rowsOf(
  connection: NodeConnection,
  packet: Buffer,
): Promise<readonly (readonly (string | null)[])[] | undefined> {
  return new Promise((resolve) => {
    const collector = new ResponseCollector((error, bytes) => {
      if (error) return resolve(undefined);
      const [result] = parseTextResults(bytes, connection.capabilities, 'latin1');
      resolve(result?.kind === 'rows' ? result.rows : undefined);
    });
    connection.send(packet, 'query', collector);
  });
}
