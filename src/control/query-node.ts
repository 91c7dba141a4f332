import mysql from 'mysql2';
import type { SqlAccount } from '../access/http-sessions.ts';
import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { QueryRequest, RowsOutcome } from '../http/balancer-control.ts';
import { ServerError } from '../http/server-error.ts';
import { NodeRefusedError } from '../nodes/client-handshake.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import { ResponseCollector } from '../nodes/response-collector.ts';
import { type ColumnDefinition41, ColumnType } from '../protocol/column-definition.ts';
import { CommandByte } from '../protocol/commands.ts';
import { parseTextResults, type TextResult } from '../protocol/result-set.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { errorPosition } from './error-position.ts';

const rowsMaxDefault = 10_000;
const answerBytesMax = 64 * 1024 * 1024;
const timeoutMsDefault = 60_000;
const binaryCollation = 63;
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
  const { sql, schema, account, limit = rowsMaxDefault, timeoutMs = timeoutMsDefault } = request;
  const startedMs = clock.nowMs();
  const connection = await open(node, account);
  let late = false;
  const timer = clock.after(timeoutMs, () => {
    late = true;
    // One that cannot be ended so is left alone with its node.
    node.killQuery(connection).catch((error: Error) => connection.destroy(error));
  });
  const leave = (): void => connection.destroy(new Error('nobody waits for the answer'));
  request.signal?.addEventListener('abort', leave);
  try {
    if (schema !== undefined) await ask(connection, `USE ${quoteIdentifier(schema)}`);
    await ask(connection, 'SET SESSION TRANSACTION READ ONLY');
    const result = await ask(connection, sql);
    const found = result.kind === 'rows' ? result : { columns: [], rows: [] };
    return {
      kind: 'rows',
      columns: found.columns.map(({ name, type }) => ({
        name,
        type: typeNames[type] ?? 'UNKNOWN',
      })),
      rows: found.rows.slice(0, limit).map((row) => valuesOf(row, found.columns)),
      rowCount: Math.min(limit, found.rows.length),
      truncated: found.rows.length > limit,
      node: node.name,
      durationMs: clock.nowMs() - startedMs,
    };
  } catch (cause) {
    if (late) {
      throw new LockstepError('query_timeout', `it was ended after ${timeoutMs} ms`, { cause });
    }
    throw cause instanceof ServerError ? cause : unreachable(node, cause);
  } finally {
    timer.cancel();
    request.signal?.removeEventListener('abort', leave);
    connection.end();
  }
}

async function open(node: Node, { name, password }: SqlAccount): Promise<NodeConnection> {
  try {
    return await node.openAs(name, password);
  } catch (error) {
    throw error instanceof NodeRefusedError ? new ServerError(error) : unreachable(node, error);
  }
}

function unreachable({ name }: Node, cause: unknown): LockstepError {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (error instanceof LockstepError) return error;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LockstepError('node_unreachable', `node ${name} did not answer: ${reason}`, { cause });
}

/** The first result. Throws ServerError. */
async function ask(connection: NodeConnection, sql: string): Promise<TextResult> {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const collector = new LimitedCollector(connection, (error, all) => {
      if (error) reject(error);
      else resolve(all);
    });
    const packet = commandPacket(CommandByte.QUERY, Buffer.from(sql, 'utf8'));
    connection.send(packet, 'query', collector);
  });
  const [result] = parseTextResults(bytes, connection.capabilities, 'latin1');
  if (!result) throw new Error('a node answered nothing');
  if (result.kind !== 'err') return result;
  const { errno, sqlState, message } = result.error;
  const position = errorPosition(sql, { errno, message });
  throw new ServerError({ errno, sqlState, message, ...(position !== undefined && { position }) });
}

/** What would take too much memory is not kept: the connection ends. */
class LimitedCollector extends ResponseCollector {
  readonly #connection: NodeConnection;
  #bytes = 0;

  constructor(connection: NodeConnection, done: (error: Error | undefined, bytes: Buffer) => void) {
    super(done);
    this.#connection = connection;
  }

  override onData(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes <= answerBytesMax) return super.onData(bytes);
    const message = 'the answer has more than 64 MB; ask for less, or with LIMIT';
    this.#connection.destroy(new LockstepError('bad_request', message));
  }
}

const wholeNumbers: ReadonlySet<number> = new Set([
  ...[ColumnType.TINY, ColumnType.SHORT, ColumnType.INT24, ColumnType.LONG],
  ...[ColumnType.LONGLONG, ColumnType.YEAR],
]);
const fractions: ReadonlySet<number> = new Set([ColumnType.FLOAT, ColumnType.DOUBLE]);
/** Their text is digits in any character set, also where the server calls it binary. */
const digits: ReadonlySet<number> = new Set([
  ...[ColumnType.DECIMAL, ColumnType.NEWDECIMAL, ColumnType.DATE, ColumnType.TIME],
  ...[ColumnType.DATETIME, ColumnType.TIMESTAMP],
]);

/** As the values of any other query over HTTP. */
function valuesOf(
  row: readonly (string | null)[],
  columns: readonly ColumnDefinition41[],
): unknown[] {
  return row.map((value, index) => {
    const column = columns[index];
    if (value === null || !column) return null;
    const { type, characterSet } = column;
    if (wholeNumbers.has(type)) {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
    if (fractions.has(type)) return Number(value);
    const bytes = Buffer.from(value, 'latin1');
    if (type === ColumnType.JSON) return JSON.parse(bytes.toString('utf8')) as unknown;
    if (characterSet === binaryCollation && !digits.has(type)) return `0x${bytes.toString('hex')}`;
    return bytes.toString('utf8');
  });
}
