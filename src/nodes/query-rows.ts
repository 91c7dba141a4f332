import type { NodeConnection } from './node-connection.ts';

export type Row = Readonly<Record<string, string | null>>;

/** A server's refusal of a statement of our own. */
export class NodeQueryError extends Error {
  readonly errno: number;
  readonly sqlState: string;

  constructor(errno: number, sqlState: string, message: string) {
    super(message);
    this.name = 'NodeQueryError';
    this.errno = errno;
    this.sqlState = sqlState;
  }
}

const defaultTimeoutMs = 30_000;

/** Runs statements of our own; the rows of the last result set. Throws NodeQueryError. */
export async function queryRows(
  connection: NodeConnection,
  sql: string,
  options: { timeoutMs?: number; latin1?: boolean } = {},
): Promise<Row[]> {
  const results = await connection.query(sql, { timeoutMs: defaultTimeoutMs, ...options });
  let rows: Row[] = [];
  for (const result of results) {
    if (result.kind === 'err') {
      throw new NodeQueryError(result.error.errno, result.error.sqlState, result.error.message);
    }
    if (result.kind === 'rows') {
      const names = result.columns.map((column) => column.name);
      rows = result.rows.map((values) =>
        Object.fromEntries(values.map((value, index) => [names[index] ?? '', value])),
      );
    }
  }
  return rows;
}
