import type { NodeConnection } from '../nodes/node-connection.ts';
import type { Statement, TableName } from '../sql/statement.ts';
import { closeOn, errorOf, prepareRaw } from './prepared-on-node.ts';
import { readingErrors } from './reading-errors.ts';
import type { SessionCore } from './session-core.ts';
import { isAsSession } from './transaction-characteristics.ts';
import { withConnection } from './with-connection.ts';
import type { WriteRequest } from './write-request.ts';

const statementIdAt = 5;

/**
 * A statement that commits what is open does so once it has been read, so one that cannot be read
 * commits nothing. Where there is something to lose, a node reads it first; throws what it says.
 */
export async function refuseUnreadable(
  core: SessionCore,
  { sql, statement }: WriteRequest,
): Promise<void> {
  const { transaction, tableLock, characteristics, savepoints } = core;
  const keeps = transaction ?? tableLock ?? savepoints.names[0];
  if (keeps === undefined && isAsSession(characteristics)) return;
  await withConnection(core, async (connection: NodeConnection) => {
    const answer = await prepareRaw(connection, sql);
    if (answer[4] === 0) return closeOn(connection, answer.readUInt32LE(statementIdAt));
    const error = errorOf(answer);
    if (isReadingError(core, statement, error.errno)) throw error;
  });
}

/** In information_schema nothing can be defined, and MySQL knows its tables while it reads. */
function isReadingError(core: SessionCore, { kind, writtenTables }: Statement, errno: number) {
  if (errno === 1109) return core.lexMode.flavor === 'mysql';
  if (errno !== 1044) return readingErrors.has(errno);
  const { schema: current } = core.state;
  const isDictionary = ({ schema = current }: TableName): boolean =>
    schema.toLowerCase() === 'information_schema';
  return kind === 'ddl' && writtenTables.some(isDictionary);
}
