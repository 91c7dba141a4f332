import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import { ResponseCollector } from '../nodes/response-collector.ts';
import { CommandByte } from '../protocol/commands.ts';
import { decodeErr } from '../protocol/err-packet.ts';

const statementIdAt = 5;
/** ER_MAX_PREPARED_STMT_COUNT_REACHED: a limit of the whole server, which others use up too. */
const serverFull = 1461;

/** The server's answer to COM_STMT_PREPARE as it came, perhaps an error. */
export async function prepareRaw(connection: NodeConnection, sql: string): Promise<Buffer> {
  const answer = await ask(connection, sql);
  if (answer[4] === 0 || errorOf(answer).errno !== serverFull) return answer;
  // What this connection keeps for later makes room.
  while (connection.preparedStatements.size > 0) closeOldest(connection);
  return ask(connection, sql);
}

/** What one text is prepared for, where that changes what it does. */
export interface PreparedFor {
  /** Of which kind the values are that it is executed with. */
  readonly kinds?: string | undefined;
  /** How it is read, if not as it would be now. */
  readonly reading?: string;
}

/** As `prepareRaw`, and the connection keeps the statement for whoever executes that text next. */
export async function prepareKept(
  connection: NodeConnection,
  sql: string,
  how: PreparedFor = {},
): Promise<Buffer> {
  const answer = await prepareRaw(connection, sql);
  if (answer[4] !== 0) return answer;
  connection.preparedStatements.set(
    preparedKey(connection, sql, how),
    answer.readUInt32LE(statementIdAt),
  );
  if (connection.preparedStatements.size > connection.preparedMax) closeOldest(connection);
  return answer;
}

/** Prepares the text on this connection unless it is; returns the server's id. */
export async function prepareOn(
  connection: NodeConnection,
  sql: string,
  how: PreparedFor = {},
): Promise<number> {
  const known = preparedIdOn(connection, sql, how);
  return known ?? idOf(await prepareKept(connection, sql, how));
}

/** The server's id of the text on this connection; undefined when it is not prepared there. */
export function preparedIdOn(
  connection: NodeConnection,
  sql: string,
  how: PreparedFor = {},
): number | undefined {
  const key = preparedKey(connection, sql, how);
  const { preparedStatements } = connection;
  const { reading = '' } = how;
  const found = preparedStatements.has(key) ? key : preparedKey(connection, sql, { reading });
  const known = preparedStatements.get(found);
  if (known === undefined) return undefined;
  // The one used last is the last to be closed.
  preparedStatements.delete(found);
  preparedStatements.set(key, known);
  return known;
}

/** Prepares the text for one user alone, who closes it by `closeOn`. */
export async function prepareAlone(connection: NodeConnection, sql: string): Promise<number> {
  return idOf(await prepareRaw(connection, sql));
}

export function closeOn(connection: NodeConnection, serverId: number): void {
  const id = Buffer.alloc(4);
  id.writeUInt32LE(serverId);
  connection.sendUnanswered(commandPacket(CommandByte.STMT_CLOSE, id));
}

function ask(connection: NodeConnection, sql: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const collector = new ResponseCollector((error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
    const text = Buffer.from(sql, 'latin1');
    connection.send(commandPacket(CommandByte.STMT_PREPARE, text), 'prepare', collector);
  });
}

function idOf(answer: Buffer): number {
  if (answer[4] !== 0) throw errorOf(answer);
  return answer.readUInt32LE(statementIdAt);
}

/** What a server refused to prepare. */
export function errorOf(answer: Buffer): NodeQueryError {
  const { errno, sqlState, message } = decodeErr(answer.subarray(4));
  return new NodeQueryError(errno, sqlState, message);
}

interface LastKey extends Required<PreparedFor> {
  readonly stateKey: string;
  readonly definitions: NodeConnection['definitions'];
  readonly kinds: string;
  readonly key: string;
}

/** The key that a text had last: making one of so long a text takes more than looking it up. */
const lastKeys = new WeakMap<NodeConnection, Map<string, LastKey>>();

/**
 * Names in a prepared text were resolved in the state that the connection carried. MySQL prepares
 * it again by itself when a table has changed, but its parameters keep the character sets of the
 * columns as they were (measured on 9.7: error 3988 for what the new column can hold). A parameter
 * that was a number once stays one there, and a text is then 0, whoever executes it next.
 */
export function preparedKey(
  connection: NodeConnection,
  sql: string,
  { kinds = '', reading = '' }: PreparedFor,
): string {
  const { stateKey, definitions } = connection;
  let keys = lastKeys.get(connection);
  if (!keys) lastKeys.set(connection, (keys = new Map()));
  const last = keys.get(sql);
  if (
    last?.stateKey === stateKey &&
    last.definitions === definitions &&
    last.kinds === kinds &&
    last.reading === reading
  ) {
    return last.key;
  }
  const key = `${definitions}\0${stateKey}\0${reading}\0${kinds}\0${sql}`;
  if (keys.size > connection.preparedMax) keys.clear();
  keys.set(sql, { stateKey, definitions, kinds, reading, key });
  return key;
}

function closeOldest(connection: NodeConnection): void {
  for (const [key, serverId] of connection.preparedStatements) {
    connection.preparedStatements.delete(key);
    closeOn(connection, serverId);
    return;
  }
}
