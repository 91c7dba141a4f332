import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import { ResponseCollector } from '../nodes/response-collector.ts';
import { CommandByte } from '../protocol/commands.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import type { ParameterType } from '../protocol/stmt-execute.ts';
import type { Statement } from '../sql/statement.ts';
import type { NodeRequest } from './node-request.ts';

/** How many statements one node connection keeps prepared; the oldest is closed. */
const preparedPerConnectionMax = 200;
const executeHeaderBytes = 10;

/** What a client prepared: known by our id to it, and by each connection's own id there. */
export interface PreparedStatement {
  readonly id: number;
  /** Binary string, as received. */
  readonly sql: string;
  readonly statement: Statement;
  readonly parameterCount: number;
  /** Two bytes a parameter, as the client last sent them. */
  types: Buffer | undefined;
  /** The same, decoded. */
  previousTypes: readonly ParameterType[];
  /** Parameters sent ahead in pieces (COM_STMT_SEND_LONG_DATA). */
  readonly longData: Map<number, Buffer[]>;
  /** Of all that was sent ahead, also what was too much to keep. */
  longDataBytes: number;
}

/** Prepares the text on this connection unless it is; returns the server's id. */
export async function prepareOn(connection: NodeConnection, sql: string): Promise<number> {
  const known = connection.preparedStatements.get(preparedKey(connection, sql));
  if (known !== undefined) return known;
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const collector = new ResponseCollector((error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
    const text = Buffer.from(sql, 'latin1');
    connection.send(commandPacket(CommandByte.STMT_PREPARE, text), 'prepare', collector);
  });
  if (answer[4] !== 0) {
    const error = decodeErr(answer.subarray(4));
    throw new NodeQueryError(error.errno, error.sqlState, error.message);
  }
  const serverId = answer.readUInt32LE(5);
  rememberPrepared(connection, sql, serverId);
  return serverId;
}

/** Names in a prepared text were resolved in the state that the connection carried. */
const preparedKey = (connection: NodeConnection, sql: string): string =>
  `${connection.stateKey}\0${sql}`;

export function rememberPrepared(connection: NodeConnection, sql: string, serverId: number): void {
  connection.preparedStatements.set(preparedKey(connection, sql), serverId);
  if (connection.preparedStatements.size > preparedPerConnectionMax) closeOldest(connection);
}

function closeOldest(connection: NodeConnection): void {
  for (const [key, serverId] of connection.preparedStatements) {
    connection.preparedStatements.delete(key);
    const id = Buffer.alloc(4);
    id.writeUInt32LE(serverId);
    connection.sendUnanswered(commandPacket(CommandByte.STMT_CLOSE, id));
    return;
  }
}

/** The execution of a prepared statement, on whichever connection it is sent. */
export function executeRequest(prepared: PreparedStatement, payload: Buffer): NodeRequest {
  const execution = withTypes(prepared, payload);
  const longData = [...prepared.longData].map(
    ([index, pieces]) => [index, Buffer.concat(pieces)] as const,
  );
  return executionOf(prepared.sql, execution, longData);
}

function executionOf(
  sql: string,
  execution: Buffer,
  longData: readonly (readonly [index: number, data: Buffer])[],
): NodeRequest {
  let serverId = 0;
  return {
    kind: 'query',
    binary: true,
    withText: (other) => executionOf(other, execution, longData),
    bytes: longData.reduce((bytes, [, data]) => bytes + data.length, execution.length),
    before: async (connection) => {
      serverId = await prepareOn(connection, sql);
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
 * Asks for no cursor, so that rows come with the answer.
 *
 *   17 | id u32 | flags u8 | iterations u32 | null bits | types follow u8 | types | values
 */
function withTypes(prepared: PreparedStatement, payload: Buffer): Buffer {
  const copy = Buffer.from(payload);
  copy[5] = 0;
  if (prepared.parameterCount === 0) return copy;
  const flagAt = executeHeaderBytes + ((prepared.parameterCount + 7) >> 3);
  const typesBytes = prepared.parameterCount * 2;
  if (copy[flagAt] === 1) {
    prepared.types = Buffer.from(copy.subarray(flagAt + 1, flagAt + 1 + typesBytes));
    return copy;
  }
  if (!prepared.types) return copy;
  return Buffer.concat([
    copy.subarray(0, flagAt),
    Buffer.of(1),
    prepared.types,
    copy.subarray(flagAt + 1),
  ]);
}

function longDataPacket(serverId: number, index: number, data: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(serverId, 0);
  head.writeUInt16LE(index, 4);
  return commandPacket(CommandByte.STMT_SEND_LONG_DATA, Buffer.concat([head, data]));
}
