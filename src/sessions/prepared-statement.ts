import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { ColumnType } from '../protocol/column-definition.ts';
import { CommandByte } from '../protocol/commands.ts';
import { encodePacket, headerBytes } from '../protocol/packet-writer.ts';
import type { NamedType } from '../protocol/query-attributes.ts';
import { CursorFlag, encodeStmtExecute, type ParameterType } from '../protocol/stmt-execute.ts';
import type { Statement } from '../sql/statement.ts';
import type { Cursor } from './cursor.ts';
import type { Expected } from './derived-types.ts';
import type { NodeRequest } from './node-request.ts';
import { parameterKinds } from './parameter-kinds.ts';
import { preparedIdOn, prepareAlone, prepareOn } from './prepared-on-node.ts';

const executeHeaderBytes = 10;
const flagsAt = 5;
/** Behind the packet's header and the command byte. */
const idInPacketAt = 5;

/** How a statement gets to a node's connection, and what is asked of it there. */
export interface Execution {
  /** Returns the server's id. */
  readonly prepare: (connection: NodeConnection, sql: string, kinds: string) => Promise<number>;
  readonly cursor: boolean;
}

const shared: Execution = {
  prepare: (connection, sql, kinds) => prepareOn(connection, sql, { kinds }),
  cursor: false,
};

/** What a client prepared: known by our id to it, and by each connection's own id there. */
export interface PreparedStatement {
  readonly id: number;
  /** Binary string, as received. */
  readonly sql: string;
  readonly statement: Statement;
  /** The session's schema when it was prepared. */
  readonly schema: string;
  /** And its settings. */
  readonly settings: ReadonlyMap<string, string>;
  readonly parameterCount: number;
  /** At each; a server goes by it too when definitions have changed since. */
  readonly expected: readonly Expected[];
  /** Two bytes a parameter, as the client last sent them. */
  types: Buffer | undefined;
  /** The same as letters, where a server goes by what was bound before. */
  kinds: string | undefined;
  /** The same, decoded. */
  previousTypes: readonly ParameterType[];
  /** The same, with those of query attributes. */
  sentTypes: readonly NamedType[];
  /** Parameters sent ahead in pieces (COM_STMT_SEND_LONG_DATA). */
  readonly longData: Map<number, Buffer[]>;
  /** Of all that was sent ahead, also what was too much to keep. */
  longDataBytes: number;
  /** Rows that the client fetches bit by bit. */
  cursor: Cursor | undefined;
}

/**
 * The execution of a prepared statement, on whichever connection it is sent. Rows come with the
 * answer unless `how` asks for a cursor.
 */
export function executeRequest(
  prepared: PreparedStatement,
  payload: Buffer,
  how: Execution = shared,
): NodeRequest {
  const execution = withTypes(prepared, payload);
  execution[flagsAt] = how.cursor ? CursorFlag.READ_ONLY : 0;
  const longData = [...prepared.longData].map(
    ([index, pieces]) => [index, Buffer.concat(pieces)] as const,
  );
  const { sql, kinds = '' } = prepared;
  return executionOf({ sql, execution, longData, kinds, prepare: how.prepare });
}

/** The packet that executes it on a connection where it is prepared already. */
export function executionOn(
  connection: NodeConnection,
  prepared: PreparedStatement,
  payload: Buffer,
): Buffer | undefined {
  const types = typesLeftOut(prepared, payload);
  const serverId = preparedIdOn(connection, prepared.sql, prepared);
  if (serverId === undefined) return undefined;
  const bytes = payload.length + (types?.length ?? 0);
  const packet = Buffer.allocUnsafe(headerBytes + bytes);
  packet.writeUIntLE(bytes, 0, 3);
  packet[headerBytes - 1] = 0;
  copyWithTypes(packet.subarray(headerBytes), payload, typesAt(prepared), types);
  packet.writeUInt32LE(serverId, headerBytes + 1);
  packet[headerBytes + flagsAt] = 0;
  return packet;
}

function bindsTime(types: Buffer): boolean {
  for (let at = 0; at < types.length; at += 2) if (types[at] === ColumnType.TIME) return true;
  return false;
}

/**
 * What tells two executions apart that may give different rows. Undefined where one binds a TIME:
 * beside a date that gets the date of the day.
 */
export function executionKey(prepared: PreparedStatement, payload: Buffer): string | undefined {
  const execution = withTypes(prepared, payload);
  const { sql, kinds = '', types } = prepared;
  if (types && bindsTime(types)) return undefined;
  return `${sql}\0${kinds}\0${execution.toString('latin1', executeHeaderBytes)}`;
}

/**
 * A text without parameters, prepared for the sake of its rows: they come as prepared ones do. The
 * values of one execution stand in it, so that no connection keeps it.
 */
export function textExecution(sql: string): NodeRequest {
  const payload = encodeStmtExecute({ statementId: 0, parameters: [] });
  const sent = { sql, execution: payload, longData: [], kinds: '', prepare: prepareAlone };
  const request = executionOf(sent);
  return {
    ...request,
    withText: textExecution,
    packetsFor: (connection) => {
      const execution = request.packetsFor(connection);
      const serverId = execution.subarray(idInPacketAt, idInPacketAt + 4);
      return Buffer.concat([execution, commandPacket(CommandByte.STMT_CLOSE, serverId)]);
    },
  };
}

interface SentExecution {
  readonly sql: string;
  /** The payload of COM_STMT_EXECUTE. */
  readonly execution: Buffer;
  readonly longData: readonly (readonly [index: number, data: Buffer])[];
  readonly kinds: string;
  readonly prepare: Execution['prepare'];
}

function executionOf(sent: SentExecution): NodeRequest {
  const { sql, execution, longData, kinds, prepare } = sent;
  let serverId = 0;
  return {
    kind: 'query',
    binary: true,
    withText: (other) => executionOf({ ...sent, sql: other }),
    bytes: longData.reduce((bytes, [, data]) => bytes + data.length, execution.length),
    before: async (connection) => {
      serverId = await prepare(connection, sql, kinds);
    },
    packetsFor: () => {
      const packets: Buffer[] = [];
      for (const [index, data] of longData) packets.push(longDataPacket(serverId, index, data));
      execution.writeUInt32LE(serverId, 1);
      packets.push(encodePacket(execution, 0));
      return packets.length === 1 ? (packets[0] ?? execution) : Buffer.concat(packets);
    },
  };
}

/**
 * A copy of a COM_STMT_EXECUTE payload that carries the parameter types, which a client may
 * leave out after the first time: the connection it now goes to may never have seen them.
 *
 *   17 | id u32 | flags u8 | iterations u32 | null bits | types follow u8 | types | values
 */
export function withTypes(prepared: PreparedStatement, payload: Buffer): Buffer {
  const types = typesLeftOut(prepared, payload);
  if (!types) return Buffer.from(payload);
  const copy = Buffer.allocUnsafe(payload.length + types.length);
  copyWithTypes(copy, payload, typesAt(prepared), types);
  return copy;
}

/** Notes the types that come with the payload; returns those that it goes without. */
function typesLeftOut(prepared: PreparedStatement, payload: Buffer): Buffer | undefined {
  if (prepared.parameterCount === 0) return undefined;
  const at = typesAt(prepared);
  if (payload[at - 1] === 0) return prepared.types;
  const types = payload.subarray(at, at + prepared.parameterCount * 2);
  // It is for the server to say what is wrong with it.
  if (types.length < prepared.parameterCount * 2 || prepared.types?.equals(types)) return undefined;
  prepared.types = Buffer.from(types);
  if (prepared.kinds !== undefined) prepared.kinds = parameterKinds(types, prepared.kinds);
  return undefined;
}

const typesAt = ({ parameterCount }: PreparedStatement): number =>
  executeHeaderBytes + ((parameterCount + 7) >> 3) + 1;

/** Copies the payload, with the types where it says that they do not follow. */
function copyWithTypes(to: Buffer, payload: Buffer, at: number, types: Buffer | undefined): void {
  if (!types) {
    payload.copy(to);
    return;
  }
  payload.copy(to, 0, 0, at);
  to[at - 1] = 1;
  types.copy(to, at);
  payload.copy(to, at + types.length, at);
}

function longDataPacket(serverId: number, index: number, data: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(serverId, 0);
  head.writeUInt16LE(index, 4);
  return commandPacket(CommandByte.STMT_SEND_LONG_DATA, Buffer.concat([head, data]));
}
