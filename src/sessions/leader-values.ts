import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { ResponseCollector } from '../nodes/response-collector.ts';
import type { BinaryValue, DateTimeValue, TimeValue } from '../protocol/binary-value.ts';
import { type ColumnDefinition41, ColumnType } from '../protocol/column-definition.ts';
import { CommandByte } from '../protocol/commands.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import type { ResponseKind } from '../protocol/response-sink.ts';
import { parseBinaryRows } from '../protocol/result-set.ts';
import { askConditions, type Condition } from './ask-conditions.ts';
import { renderCharsets } from './connection-charsets.ts';
import type { SessionCore } from './session-core.ts';

const binaryCollation = 63;

export interface LiteralRows {
  readonly columns: number;
  /** What the query raised. */
  readonly raised: readonly Condition[];
  readonly rows: readonly (readonly string[])[];
}

/** Of a write, a server limits neither the rows nor the time as it does those of a SELECT. */
const forSelecting: ReadonlyMap<string, string> = new Map([
  ['character_set_results', "'utf8mb4'"],
  ['sql_select_limit', '18446744073709551615'],
  ['max_execution_time', '0'],
]);

/**
 * Runs a query on the leader and gives its rows as SQL literals that mean the same value in any
 * session: numbers exactly, text with its character set, bytes as bytes. The binary protocol
 * is used because the text of a FLOAT has six digits only. Throws NodeQueryError.
 */
export async function selectLiterals(
  core: SessionCore,
  connection: NodeConnection,
  sql: string,
): Promise<LiteralRows> {
  const { settings } = core.state.carried;
  const standard = core.anyFacts()?.defaults;
  const held = (name: string) => settings.get(name) ?? standard?.get(name);
  const own = [...forSelecting].filter(([name, value]) => (held(name) ?? value) !== value);
  const set = own.map(([name, value]) => `${name}=${value}`);
  if (own.length > 0) await queryRows(connection, `SET ${set.join(',')}`);
  try {
    const { columns, rows, raised } = await selectBinary(connection, sql);
    return {
      columns: columns.length,
      raised,
      rows: rows.map((row) =>
        row.map((value, index) => literalOfValue(value, columns[index] as ColumnDefinition41)),
      ),
    };
  } finally {
    if (own.length > 0 && !connection.lost) {
      const back = own.map(([name]) => `${name}=${settings.get(name) ?? 'DEFAULT'}`);
      await queryRows(connection, `SET ${[...back, ...renderCharsets(settings)].join(',')}`);
    }
  }
}

const statementIdAt = 5;
const warningsAt = 14;

async function selectBinary(connection: NodeConnection, sql: string) {
  const prepare = commandPacket(CommandByte.STMT_PREPARE, Buffer.from(sql, 'latin1'));
  const prepared = await answerTo(connection, prepare, 'prepare');
  if (prepared[4] !== 0) {
    const error = decodeErr(prepared.subarray(4));
    throw new NodeQueryError(error.errno, error.sqlState, error.message);
  }
  // MySQL evaluates what is constant when it prepares.
  const raised = await raisedBy(connection, prepared.readUInt16LE(warningsAt));
  // id u32 | flags u8 | iterations u32 (always 1)
  const body = Buffer.alloc(9);
  prepared.copy(body, 0, statementIdAt, statementIdAt + 4);
  body.writeUInt32LE(1, 5);
  const execute = commandPacket(CommandByte.STMT_EXECUTE, body);
  const answer = await answerTo(connection, execute, 'query');
  const result = parseBinaryRows(answer, connection.capabilities);
  const warnings = result.kind === 'rows' ? result.warnings : 0;
  raised.push(...(await raisedBy(connection, warnings)));
  connection.sendUnanswered(commandPacket(CommandByte.STMT_CLOSE, body.subarray(0, 4)));
  if (result.kind === 'rows') return { ...result, raised };
  const { errno, sqlState, message } = result.error;
  throw new NodeQueryError(errno, sqlState, message);
}

async function raisedBy(connection: NodeConnection, warnings: number): Promise<Condition[]> {
  const raised = warnings > 0 ? await askConditions(connection, false) : undefined;
  return [...(raised?.conditions ?? [])];
}

function answerTo(connection: NodeConnection, packet: Buffer, kind: ResponseKind): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const collector = new ResponseCollector((error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
    connection.send(packet, kind, collector);
  });
}

function literalOfValue(value: BinaryValue, column: ColumnDefinition41): string {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') {
    const real = column.type === ColumnType.FLOAT || column.type === ColumnType.DOUBLE;
    // With an exponent it is a DOUBLE, without one a DECIMAL.
    if (real) return Object.is(value, -0) ? '-0e0' : value.toExponential().replace('e+', 'e');
    return value.toString();
  }
  if (!Buffer.isBuffer(value)) return value.kind === 'time' ? time(value) : dateTime(value, column);
  if (column.type === ColumnType.DECIMAL || column.type === ColumnType.NEWDECIMAL) {
    return value.toString('latin1');
  }
  if (column.type === ColumnType.BIT) return BigInt(`0x0${value.toString('hex')}`).toString();
  // Both servers label JSON as binary, and MySQL takes only text for it.
  const binary = column.characterSet === binaryCollation && column.type !== ColumnType.JSON;
  if (binary) return `_binary X'${value.toString('hex')}'`;
  const text = value.toString('latin1');
  // A plain literal has the collation of the session, as the value it stands for would.
  if (/^[ !#-&(-[\]-~]*$/.test(text)) return `'${text}'`;
  return `_utf8mb4 X'${value.toString('hex')}'`;
}

const pad = (value: number, width: number): string => value.toString().padStart(width, '0');
const fraction = (microseconds: number): string =>
  microseconds === 0 ? '' : `.${pad(microseconds, 6)}`;

function dateTime(value: DateTimeValue, column: ColumnDefinition41): string {
  const date = `${pad(value.year, 4)}-${pad(value.month, 2)}-${pad(value.day, 2)}`;
  if (column.type === ColumnType.DATE || column.type === ColumnType.NEWDATE) return `'${date}'`;
  const clock = `${pad(value.hour, 2)}:${pad(value.minute, 2)}:${pad(value.second, 2)}`;
  return `'${date} ${clock}${fraction(value.microsecond)}'`;
}

function time(value: TimeValue): string {
  const clock = `${pad(value.days * 24 + value.hours, 2)}:${pad(value.minutes, 2)}`;
  const seconds = `${pad(value.seconds, 2)}${fraction(value.microseconds)}`;
  return `'${value.negative ? '-' : ''}${clock}:${seconds}'`;
}
