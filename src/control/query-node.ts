import mysql from 'mysql2';
import type { SqlAccount } from '../access/http-sessions.ts';
import { type Clock, elapsedMs } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { QueryRequest, RowsOutcome } from '../http/balancer-control.ts';
import { ServerError } from '../http/server-error.ts';
import { NodeRefusedError } from '../nodes/client-handshake.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { RowStream } from '../nodes/row-stream.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { errorPosition } from './error-position.ts';
import { RowTaker } from './row-taker.ts';
import { textValues } from './text-values.ts';

const rowsMaxDefault = 10_000;
const rowBytesMax = 64 * 1024 * 1024;
const timeoutMsDefault = 60_000;
const typeNames = mysql.Types as unknown as Record<number, string | undefined>;

type NodeQuery = QueryRequest & { readonly account: SqlAccount };

/**
 * Runs a read on one node, in sync or not, on a connection of its own with the rights of a
 * database user. The server itself is told that nothing may be written.
 */
export async function queryNode(
  node: Node,
  request: NodeQuery,
  clock: Clock,
): Promise<RowsOutcome> {
  const { schema, account, signal, timeoutMs = timeoutMsDefault } = request;
  const startedMs = clock.nowMs();
  const connection = await open(node, account);
  let late = false;
  /** One that cannot be ended so is left alone with its node. */
  const kill = (): void => {
    node.killQuery(connection).catch((error: Error) => connection.destroy(error));
  };
  const timer = clock.after(timeoutMs, () => {
    late = true;
    kill();
  });
  signal?.addEventListener('abort', kill);
  try {
    if (schema !== undefined) await queryRows(connection, `USE ${quoteIdentifier(schema)}`);
    await queryRows(connection, 'SET SESSION TRANSACTION READ ONLY');
    signal?.throwIfAborted();
    const rows = await takeRows(node, connection, request);
    return { kind: 'rows', ...rows, node: node.name, durationMs: elapsedMs(clock, startedMs) };
  } catch (cause) {
    if (late) {
      throw new LockstepError('query_timeout', `it was ended after ${timeoutMs} ms`, { cause });
    }
    throw cause instanceof NodeQueryError ? refusal(cause, request) : unreachable(node, cause);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', kill);
    connection.end();
  }
}

/** Reads no faster than the rows are taken, and no further than to the limit. */
async function takeRows(
  node: Node,
  connection: NodeConnection,
  { sql, limit = rowsMaxDefault, sink }: NodeQuery,
): Promise<Pick<RowsOutcome, 'columns' | 'rows' | 'rowCount' | 'truncated'>> {
  const taker = new RowTaker({ limit, sink });
  const stream = new RowStream(connection, sql, rowBytesMax);
  const definitions = await stream.columns();
  const columns = definitions.map(({ name, type }) => ({
    name,
    type: typeNames[type] ?? 'UNKNOWN',
  }));
  try {
    await sink?.begin(columns, node.name);
    for await (const rows of stream) {
      for (const row of rows) {
        const work = taker.take(textValues(row, definitions));
        if (work) await work;
      }
      if (taker.truncated) break;
    }
    await taker.flush();
  } finally {
    if (!connection.idle) await leave(node, connection);
  }
  const { count: rowCount, truncated, kept: rows } = taker;
  return { columns, rows, rowCount, truncated };
}

/** Of what is still being computed or sent nobody wants more. */
async function leave(node: Node, connection: NodeConnection): Promise<void> {
  try {
    await node.killQuery(connection);
  } catch {
    // Then its end finds out by itself that nobody is there any more.
  }
  connection.destroy(new Error('nobody waits for the rest of the answer'));
}

async function open(node: Node, { name, password }: SqlAccount): Promise<NodeConnection> {
  try {
    return await node.openAs(name, password);
  } catch (error) {
    throw error instanceof NodeRefusedError ? new ServerError(error) : unreachable(node, error);
  }
}

function refusal({ errno, sqlState, message }: NodeQueryError, { sql }: NodeQuery): ServerError {
  const position = errorPosition(sql, { errno, message });
  return new ServerError({ errno, sqlState, message, ...(position !== undefined && { position }) });
}

function unreachable({ name }: Node, cause: unknown): LockstepError {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (error instanceof LockstepError) return error;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LockstepError('node_unreachable', `node ${name} did not answer: ${reason}`, { cause });
}
