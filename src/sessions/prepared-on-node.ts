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
  const remembered = knownKey(connection, sql, how);
  const key = remembered ?? preparedKey(connection, sql, how);
  const { preparedStatements } = connection;
  const { reading = '' } = how;
  const found = preparedStatements.has(key) ? key : preparedKey(connection, sql, { reading });
  const known = preparedStatements.get(found);
  if (known === undefined) return undefined;
  // The one used last is the last to be closed.
  preparedStatements.delete(found);
  preparedStatements.set(key, known);
  if (remembered === undefined) noteKey(connection, sql, how, key);
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

/**
 * Names in a prepared text were resolved in the state that the connection carried. MySQL prepares
 * it again by itself when a table has changed, but its parameters keep the character sets of the
 * columns as they were (measured on 9.7: error 3988 for what the new column can hold). A parameter
 * that was a number once stays one there, and a text is then 0, whoever executes it next.
 */
export const preparedKey = (
  { stateKey, definitions }: NodeConnection,
  sql: string,
  { kinds = '', reading = '' }: PreparedFor,
): string => `${definitions}\0${stateKey}\0${reading}\0${kinds}\0${sql}`;

/** The key under which a text was found last. */
interface FoundKey extends Required<PreparedFor> {
  readonly stateKey: string;
  readonly definitions: NodeConnection['definitions'];
  readonly kinds: string;
  readonly key: string;
}

/** Making a key that long takes more than looking it up. */
const foundKeys = new WeakMap<NodeConnection, Map<string, FoundKey>>();
/** Longer texts take more memory than they are worth. */
const foundTextMax = 4096;

function knownKey(
  connection: NodeConnection,
  sql: string,
  { kinds = '', reading = '' }: PreparedFor,
): string | undefined {
  const found = foundKeys.get(connection)?.get(sql);
  return found?.stateKey === connection.stateKey &&
    found.definitions === connection.definitions &&
    found.kinds === kinds &&
    found.reading === reading
    ? found.key
    : undefined;
}

function noteKey(
  connection: NodeConnection,
  sql: string,
  { kinds = '', reading = '' }: PreparedFor,
  key: string,
): void {
  if (sql.length > foundTextMax) return;
  const keys = foundKeys.get(connection) ?? new Map<string, FoundKey>();
  // Of no more texts than the connection keeps.
  if (keys.size >= connection.preparedMax) keys.clear();
  const { stateKey, definitions } = connection;
  foundKeys.set(connection, keys.set(sql, { stateKey, definitions, kinds, reading, key }));
}

function closeOldest(connection: NodeConnection): void {
  for (const [key, serverId] of connection.preparedStatements) {
    connection.preparedStatements.delete(key);
    closeOn(connection, serverId);
    return;
  }
}
