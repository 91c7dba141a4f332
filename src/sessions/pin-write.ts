import { LockstepError } from '../base/errors.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import type { TableInfo } from '../nodes/table-catalogue.ts';
import { CommandByte } from '../protocol/commands.ts';
import { renderPins } from '../replication/apply-batch.ts';
import type { Pins } from '../replication/command.ts';
import type { Unsafe } from '../sql/determinism.ts';
import { replaceSpans } from '../sql/replace-spans.ts';
import type { Statement } from '../sql/statement.ts';
import { plainRequest } from './node-request.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** A write that computes the same on every node. */
export interface PinnedWrite extends WriteRequest {
  /** What goes into the entry, but for the generated insert id. */
  readonly pins: Pins;
  /** The SET statement for the leader. */
  readonly leaderPins: string;
  /** The statement may generate an AUTO_INCREMENT value: ask LAST_INSERT_ID() afterwards. */
  readonly askInsertId: boolean;
  /** Nothing may be logged beside it. */
  readonly alone: boolean;
}

const seedMax = 0x3fffffff;

/** Refuses what would differ between nodes; throws LockstepError('unsafe_statement'). */
export async function checkWrite(
  core: SessionCore,
  write: WriteRequest,
): Promise<{ alone: boolean; askInsertId: boolean }> {
  const { statement } = write;
  const tables: TableInfo[] = [];
  for (const table of statement.writtenTables) {
    const schema = table.schema ?? core.state.schema;
    if (core.temporaryTables.has(`${schema}.${table.name}`.toLowerCase())) continue;
    const info = await core.context.catalogue.table(schema, table.name);
    if (!info.transactional) {
      throw unsafe(
        `table ${table.name} uses the engine ${info.engine}, which cannot roll back`,
        `ALTER TABLE ${table.name} ENGINE=InnoDB on every node`,
      );
    }
    tables.push(info);
  }
  if (statement.limit && (statement.verb === 'UPDATE' || statement.verb === 'DELETE')) {
    requireUniqueOrder(statement, tables[0]);
  }
  const generates = tables.some((table) => table.autoIncrement !== undefined || table.hasTriggers);
  const inserts = statement.verb === 'INSERT' || statement.verb === 'REPLACE';
  const unordered = statement.insertSelect && statement.orderBy === null;
  const target = tables[0]?.autoIncrement;
  const givesOwnIds =
    target !== undefined && statement.insertColumns?.some((name) => name.toLowerCase() === target);
  if (unordered && target !== undefined && !givesOwnIds) {
    throw unsafe(
      `rows selected in no fixed order would get different ${target} values on different nodes`,
      'add ORDER BY over a unique key to the SELECT',
    );
  }
  const alone = statement.insertSelect || statement.hasUnknownFunction;
  if (alone && core.transaction && inserts && target !== undefined && !givesOwnIds) {
    throw unsafe(
      `INSERT … SELECT into ${target} inside a transaction may get values with gaps`,
      'run it outside the transaction, where it runs alone',
    );
  }
  return { alone, askInsertId: inserts && generates };
}

function requireUniqueOrder(statement: Statement, table: TableInfo | undefined): void {
  const order = new Set((statement.orderBy ?? []).map((name) => name.toLowerCase()));
  const key = table?.primaryKey ?? [];
  if (key.length > 0 && key.every((column) => order.has(column))) return;
  throw unsafe(
    `${statement.verb} with LIMIT would choose different rows on different nodes`,
    key.length > 0
      ? `add ORDER BY ${key.join(', ')}`
      : 'give the table a primary key and order by it',
  );
}

/**
 * Fixes every value that a write would compute from anything but the data: functions whose
 * value can be written down become literals, the rest is pinned by session variables.
 * `connection` is the leader's, already in the session's state.
 */
export async function pinWrite(
  core: SessionCore,
  write: WriteRequest,
  connection: NodeConnection,
  facts: { alone: boolean; askInsertId: boolean },
): Promise<PinnedWrite> {
  const literal = await materialise(write, connection);
  const { statement } = literal;
  const { carried } = core.state;
  const pins: { -readonly [Name in keyof Pins]: Pins[Name] } = {
    timestamp: carried.settings.get('timestamp') ?? timestampOf(core.context.clock.wallMs()),
  };
  if (statement.usesLastInsertId) pins.lastInsertId = core.lastInsertId;
  if (statement.usesRand) {
    pins.randSeed1 = String(Math.floor(core.context.random() * seedMax));
    pins.randSeed2 = String(Math.floor(core.context.random() * seedMax));
  }
  const leaderPins = renderPins(
    // Zero tells a generated value from the one before; what is never generated stays zero.
    facts.askInsertId && pins.lastInsertId === undefined ? { ...pins, lastInsertId: '0' } : pins,
  );
  if (statement.userVariablesRead.length > 0) {
    pins.userVariables = statement.userVariablesRead.map((name) => [
      name,
      carried.userVariables.get(name.toLowerCase()) ?? 'NULL',
    ]);
  }
  return { ...literal, pins, leaderPins, ...facts };
}

async function materialise(write: WriteRequest, connection: NodeConnection): Promise<WriteRequest> {
  const { unsafe: found } = write.statement;
  if (found.length === 0) return write;
  const spans: { start: number; end: number; text: string }[] = [];
  for (const item of found) {
    const text = await literalFor(item, connection);
    if (text === undefined) throw refusal(item, write.statement);
    spans.push({ start: item.start, end: item.end, text });
  }
  // Parameters first would move the offsets; so the text is rewritten between the markers.
  const offsets = write.statement.parameterOffsets;
  const markers = write.parameters.map((text, index) => {
    const start = offsets[index] ?? 0;
    return { start, end: start + 1, text };
  });
  const sql = replaceSpans(
    write.sql,
    [...spans, ...markers].sort((a, b) => a.start - b.start),
  );
  const packet = commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1'));
  return { statement: write.statement, sql, parameters: [], request: plainRequest(packet) };
}

/** A literal that stands for the expression, evaluated once on the leader; else undefined. */
async function literalFor(item: Unsafe, connection: NodeConnection): Promise<string | undefined> {
  if (item.kind === 'sysdate') return item.text.replace(/^SYSDATE/i, 'NOW');
  if (!item.literalSafe) return undefined;
  try {
    const rows = await queryRows(
      connection,
      `SELECT CONCAT('_utf8mb4 X''', HEX(CONVERT((${item.text}) USING utf8mb4)), '''') AS text, ` +
        `CONCAT('X''', HEX(${item.text}), '''') AS bytes`,
      { latin1: true },
    );
    const binary = item.kind === 'random_bytes';
    return rows[0]?.[binary ? 'bytes' : 'text'] ?? 'NULL';
  } catch (error) {
    if (error instanceof NodeQueryError) return undefined;
    throw error;
  }
}

function refusal(item: Unsafe, statement: Statement): LockstepError {
  return unsafe(
    `${item.text} in ${statement.verb} would give a different result on every node (${item.kind})`,
    'compute the value in the application, or SELECT it first and put it in as a literal',
  );
}

const unsafe = (what: string, wayOut: string): LockstepError =>
  new LockstepError('unsafe_statement', `${what}; ${wayOut}`);

/** Seconds since 1970 with the microseconds that the servers take. */
export const timestampOf = (wallMs: number): string => (wallMs / 1000).toFixed(6);
