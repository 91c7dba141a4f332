import { LockstepError } from '../base/errors.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import { packetTooLarge } from '../protocol/command-scanner.ts';
import { malformed } from '../protocol/packet-reader.ts';
import { type PlainCommand, plainExecution } from '../protocol/query-attributes.ts';
import {
  type BoundParameter,
  CursorFlag,
  decodeStmtExecute,
  encodeTypes,
  type StmtSendLongData,
} from '../protocol/stmt-execute.ts';
import { statementIdOf } from '../protocol/statement-id.ts';
import { BulkFlag, decodeStmtBulkExecute } from '../protocol/stmt-bulk-execute.ts';
import { ColumnType } from '../protocol/column-definition.ts';
import { replaceConnectionId } from '../sql/connection-id.ts';
import { splitStatements } from '../sql/split-statements.ts';
import type { Statement } from '../sql/statement.ts';
import type { Answer } from './answer.ts';
import { boundLiterals } from './bound-literals.ts';
import { Cursor } from './cursor.ts';
import { notInBulk, wrongBulkArguments } from './bulk-errors.ts';
import { expectedNumbers } from './derived-types.ts';
import { heedLocksPrepared } from './lock-tables.ts';
import { textRequest } from './node-request.ts';
import { errorOf, preparedIdOn, prepareKept, prepareOn } from './prepared-on-node.ts';
import {
  type Execution,
  executeRequest,
  executionKey,
  executionOn,
  type PreparedStatement,
  withTypes,
} from './prepared-statement.ts';
import { packetLimit } from './packet-limit.ts';
import { areReadAlike, prepareAsRead, readingOf } from './prepared-reading.ts';
import type { QuickPacket } from './quick-read.ts';
import {
  assignedByPreparing,
  restoreUserVariables,
  takePreparedVariables,
  variablesAssigned,
} from './user-variables.ts';
import { inItsAccess } from './transaction-characteristics.ts';
import { withConnection } from './with-connection.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** The command, the statement, flags and the number of iterations. */
const executionBytesMin = 10;
/** The command, the statement and the number of rows. MariaDB does not look (10.11). */
const fetchBytes = 9;
const statementIdAt = 5;
const parameterCountAt = 11;
const warningsAt = 14;
/**
 * Stands for the statement prepared last: clients of MariaDB send its execution along with the
 * PREPARE, before they know the id. Source: MariaDB, COM_STMT_EXECUTE, "specific -1 value".
 */
const lastPreparedId = 0xffff_ffff;

/** An execution that asks for rows and nothing else. */
interface QuickExecution {
  readonly statement: Statement;
  readonly sql: string;
  /** What it is kept under; undefined where it is not. */
  readonly key: () => string | undefined;
  readonly packet: QuickPacket;
}

/** Of all sessions that have prepared nothing. */
const none = new Map<number, PreparedStatement>();

/** A session's prepared statements: its ids are ours, so they outlive any node connection. */
export class PreparedStatements {
  #statements: Map<number, PreparedStatement> = none;
  readonly #max: number;
  #lastId = 0;
  #last: PreparedStatement | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Has a node prepare the text; returns its answer with our id in it, for the client. */
  async prepare(core: SessionCore, text: string): Promise<Buffer> {
    this.#last = undefined;
    const sql = replaceConnectionId(singleStatement(core, text), core.lexMode, core.id);
    if (this.#statements.size >= this.#max) {
      throw new LockstepError(
        'queue_full',
        `${this.#max} statements are prepared (limits.prepared_statements_per_session)`,
      );
    }
    const statement = core.analyse(sql);
    heedLocksPrepared(core, statement);
    const assigned = variablesAssigned(core, { sql, statement });
    const prepareHere = async (connection: NodeConnection): Promise<Buffer> => {
      const told = await prepareKept(connection, sql);
      if (told[4] === 0) {
        const warnings = told.readUInt16LE(warningsAt);
        core.diagnostics.notePrepared(statement, core.lexMode.flavor, { warnings, connection });
      }
      await takePreparedVariables(core, connection, assigned);
      return told;
    };
    const answer = await inItsAccess(core, statement, () => withConnection(core, prepareHere));
    if (answer[4] !== 0) throw errorOf(answer);
    this.#lastId++;
    const parameterCount = answer.readUInt16LE(parameterCountAt);
    const prepared: PreparedStatement = {
      id: this.#lastId,
      sql,
      statement,
      schema: core.state.schema,
      settings: core.state.carried.settings,
      parameterCount,
      expected: core.lexMode.flavor === 'mysql' ? expectedNumbers(answer, parameterCount) : [],
      types: undefined,
      kinds: core.lexMode.flavor === 'mysql' ? '' : undefined,
      previousTypes: [],
      sentTypes: [],
      longData: new Map(),
      longDataBytes: 0,
      cursor: undefined,
    };
    if (this.#statements === none) this.#statements = new Map();
    this.#statements.set(prepared.id, prepared);
    this.#last = prepared;
    answer.writeUInt32LE(prepared.id, statementIdAt);
    return answer;
  }

  /**
   * What COM_STMT_EXECUTE asks for. Long data sent ahead is used up, a cursor closed.
   * `attributed`: the client has QUERY_ATTRIBUTES, which changes what it sends.
   */
  execution(core: SessionCore, received: Buffer, attributed: boolean): WriteRequest {
    if (received.length < executionBytesMin) throw malformed('an execution without its head');
    const prepared = this.#get(statementIdOf(received), 'EXECUTE');
    const { statement, sql } = prepared;
    const { payload, attributes } = attributed
      ? takeAttributes(prepared, received)
      : { payload: received, attributes: [] };
    closeCursor(prepared);
    if (prepared.longDataBytes > packetLimit(core.context)) {
      forgetLongData(prepared);
      throw packetTooLarge(packetLimit(core.context));
    }
    const request = executeRequest(prepared, payload, executionFor(core, prepared));
    if (statement.kind === 'read' && asksForCursor(payload)) {
      if (statement.into === 'variables') {
        throw new NodeQueryError(1323, '42000', 'Cursor SELECT must not have INTO');
      }
      prepared.cursor = new Cursor(core, prepared, payload);
    }
    const read = statement.kind === 'read' && prepared.parameterCount > 0;
    const readParameters = read ? parametersLater(core, prepared, payload) : undefined;
    const bound = read ? [] : boundParameters(prepared, payload);
    forgetLongData(prepared);
    const parameters = boundLiterals(core, bound, prepared.expected);
    const { cursor } = prepared;
    return {
      ...{ statement, sql, parameters, request, attributes, ...(cursor && { cursor }) },
      preparedIn: prepared.schema,
      ...(readParameters && { readParameters }),
      ...(needsLiterals(statement, bound) && { needsLiterals: true }),
    };
  }

  /**
   * What COM_STMT_BULK_EXECUTE asks for. `agreed`: the client has STMT_BULK_OPERATIONS. Errors as
   * of MariaDB 10.11.
   */
  bulkExecution(received: Buffer, agreed: boolean): WriteRequest {
    const { flags } = decodeStmtBulkExecute(received, { parameterCount: 0, previousTypes: [] });
    if (!agreed || (flags & ~BulkFlag.SEND_TYPES) !== 0) throw notInBulk();
    const prepared = this.#get(statementIdOf(received), 'EXECUTE');
    const { statement, sql, parameterCount, previousTypes, schema } = prepared;
    if (statement.kind !== 'write') throw notInBulk();
    closeCursor(prepared);
    const sentAhead = prepared.longData.size > 0 || prepared.longDataBytes > 0;
    forgetLongData(prepared);
    const bulk = decodeStmtBulkExecute(received, { parameterCount, previousTypes });
    if (sentAhead || bulk.types.length < parameterCount) throw wrongBulkArguments();
    prepared.previousTypes = bulk.types;
    prepared.types = encodeTypes(bulk.types);
    const request = textRequest(sql);
    return { statement, sql, parameters: [], request, bulk, preparedIn: schema };
  }

  /** The same, where that is rows and nothing else; undefined otherwise. */
  quickExecution(core: SessionCore, payload: Buffer): QuickExecution | undefined {
    if (payload.length < executionBytesMin || asksForCursor(payload)) return undefined;
    const prepared = this.#find(statementIdOf(payload));
    if (!prepared || prepared.cursor || prepared.longDataBytes > 0 || prepared.longData.size > 0) {
      return undefined;
    }
    const { statement, sql, schema, settings } = prepared;
    if (schema !== '' && schema !== core.state.schema) return undefined;
    if (!areReadAlike(settings, core.state.carried.settings)) return undefined;
    // Written out: V8 makes an object of a spread slowly.
    return {
      statement,
      sql,
      key: () => executionKey(prepared, payload),
      packet: (connection) => executionOn(connection, prepared, payload),
    };
  }

  /** COM_STMT_FETCH: the next rows go to the client. */
  fetch(core: SessionCore, payload: Buffer): Promise<Answer> {
    const mysql = core.lexMode.flavor === 'mysql';
    if (mysql && payload.length < fetchBytes) throw malformed('a fetch without its number of rows');
    const prepared = this.#get(statementIdOf(payload), 'FETCH');
    if (prepared.cursor?.open) return prepared.cursor.fetch(payload);
    const message = `The statement (${prepared.id}) has no open cursor.`;
    throw new NodeQueryError(1421, 'HY000', message);
  }

  /** Cursors that were opened in a transaction end with it. */
  closeEndedCursors(): void {
    for (const { cursor } of this.#statements.values()) cursor?.closeIfEnded();
  }

  /**
   * The command has no answer: like a server, we report a wrong id at the execution, and that the
   * pieces were too many. Until then they are counted, but no longer kept.
   */
  addLongData(piece: StmtSendLongData, bytesMax: number): void {
    const prepared = this.#find(piece.statementId);
    if (!prepared) return;
    const pieces = prepared.longData.get(piece.parameterIndex) ?? [];
    prepared.longDataBytes += piece.data.length;
    if (prepared.longDataBytes > bytesMax) return prepared.longData.clear();
    pieces.push(Buffer.from(piece.data));
    prepared.longData.set(piece.parameterIndex, pieces);
  }

  reset(id: number): void {
    const prepared = this.#get(id, 'RESET');
    forgetLongData(prepared);
    closeCursor(prepared);
  }

  close(id: number): void {
    const prepared = this.#find(id);
    if (prepared) closeCursor(prepared);
    if (prepared) this.#statements.delete(prepared.id);
    if (prepared === this.#last) this.#last = undefined;
  }

  clear(): void {
    for (const prepared of this.#statements.values()) closeCursor(prepared);
    this.#statements.clear();
    this.#last = undefined;
  }

  #find(id: number): PreparedStatement | undefined {
    return id === lastPreparedId ? this.#last : this.#statements.get(id);
  }

  #get(id: number, verb: string): PreparedStatement {
    const prepared = this.#find(id);
    if (prepared) return prepared;
    const message = `Unknown prepared statement handler (${id}) given to COM_STMT_${verb}`;
    throw new NodeQueryError(1243, 'HY000', message);
  }
}

function executionFor(core: SessionCore, prepared: PreparedStatement): Execution | undefined {
  const assigned = assignedByPreparing(core, prepared);
  const reading = readingOf(core, prepared);
  if (assigned.length === 0 && reading === '') return undefined;
  const prepare: Execution['prepare'] = async (connection, sql, kinds) => {
    const how = { kinds, reading };
    const known = preparedIdOn(connection, sql, how);
    if (known !== undefined) return known;
    const prepareHere = (): Promise<number> => prepareOn(connection, sql, how);
    const serverId = await prepareAsRead(core, connection, reading, prepareHere);
    await restoreUserVariables(core, connection, assigned);
    return serverId;
  };
  return { prepare, cursor: false };
}

/** Types come with the first execution only, those of attributes too. */
function takeAttributes(prepared: PreparedStatement, payload: Buffer): PlainCommand {
  const { parameterCount, sentTypes, longData } = prepared;
  const plain = plainExecution(payload, { parameterCount, previousTypes: sentTypes, longData });
  prepared.sentTypes = plain.types;
  return plain;
}

function forgetLongData(prepared: PreparedStatement): void {
  prepared.longData.clear();
  prepared.longDataBytes = 0;
}

function closeCursor(prepared: PreparedStatement): void {
  prepared.cursor?.close();
  prepared.cursor = undefined;
}

const cursorFlagsAt = 5;

const asksForCursor = (payload: Buffer): boolean =>
  ((payload[cursorFlagsAt] ?? 0) & CursorFlag.READ_ONLY) !== 0;

/** Without the semicolon after it, with which it could not be joined to others in a batch. */
function singleStatement(core: SessionCore, text: string): string {
  if (!text.includes(';')) return text;
  const [span, second] = splitStatements(text, core.lexMode);
  // A server prepares one statement at a time and says so of more.
  return span && !second ? text.slice(span.start, span.end) : text;
}

/** Seldom is anybody to know what a read was bound to. */
function parametersLater(
  core: SessionCore,
  prepared: PreparedStatement,
  payload: Buffer,
): () => readonly string[] {
  const { parameterCount, expected } = prepared;
  const execution = withTypes(prepared, payload);
  const longData = longDataOf(prepared);
  return () => {
    const what = { parameterCount, previousTypes: [], capabilities: 0, longData };
    return boundLiterals(core, decodeStmtExecute(execution, what).parameters, expected);
  };
}

function longDataOf(prepared: PreparedStatement): ReadonlyMap<number, Buffer> {
  const longData = new Map<number, Buffer>();
  for (const [index, pieces] of prepared.longData) longData.set(index, Buffer.concat(pieces));
  return longData;
}

function boundParameters(prepared: PreparedStatement, payload: Buffer): readonly BoundParameter[] {
  if (prepared.parameterCount === 0) return [];
  const longData = longDataOf(prepared);
  const decoded = decodeStmtExecute(payload, {
    parameterCount: prepared.parameterCount,
    previousTypes: prepared.previousTypes,
    capabilities: 0,
    longData,
  });
  prepared.previousTypes = decoded.types;
  return decoded.parameters;
}

/**
 * A date or time that is bound is not quite the literal of it. MySQL drops or adds a fraction where
 * it becomes text, MariaDB moves a TIMESTAMP by the time zone, and both take values that no literal
 * can have. What is compared is not either: a text that is no date, beside a DATETIME, is an error
 * as a literal only. The rows of an INSERT take integers, doubles and strings alike.
 */
function needsLiterals(statement: Statement, bound: readonly BoundParameter[]): boolean {
  if (bound.length === 0) return false;
  const onlyRows = statement.insertRows !== null && !statement.onDuplicateKey;
  return !onlyRows || !bound.every(({ type, value }) => value === null || alike.has(type));
}

const alike: ReadonlySet<number> = new Set([
  ColumnType.TINY,
  ColumnType.SHORT,
  ColumnType.INT24,
  ColumnType.LONG,
  ColumnType.LONGLONG,
  ColumnType.DOUBLE,
  ColumnType.VARCHAR,
  ColumnType.VAR_STRING,
  ColumnType.STRING,
  ColumnType.TINY_BLOB,
  ColumnType.BLOB,
  ColumnType.MEDIUM_BLOB,
  ColumnType.LONG_BLOB,
]);
