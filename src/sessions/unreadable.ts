import type { NodeConnection } from '../nodes/node-connection.ts';
import { closeOn, errorOf, prepareRaw } from './prepared-on-node.ts';
import type { SessionCore } from './session-core.ts';
import { isAsSession } from './transaction-characteristics.ts';
import { withConnection } from './with-connection.ts';
import type { WriteRequest } from './write-request.ts';

const statementIdAt = 5;

/**
 * What is found wrong with a text while it is read (seen on both servers): that it is no SQL, or no
 * schema was chosen; names, character sets, engines and widths that cannot be; a table or variable
 * named twice; in programs what stands where it may not.
 */
const unreadable: ReadonlySet<number> = new Set([
  ...[1046, 1059, 1064, 1066, 1102, 1103, 1115, 1273, 1286, 1426, 1439, 1504, 1818],
  ...[1308, 1313, 1320, 1327, 1331],
]);

/**
 * A statement that commits what is open does so once it has been read, so one that cannot be read
 * commits nothing. Where there is something to lose, a node reads it first; throws what it says.
 */
export async function refuseUnreadable(core: SessionCore, { sql }: WriteRequest): Promise<void> {
  if (!core.transaction && !core.tableLock && isAsSession(core.characteristics)) return;
  await withConnection(core, async (connection: NodeConnection) => {
    const answer = await prepareRaw(connection, sql);
    if (answer[4] === 0) return closeOn(connection, answer.readUInt32LE(statementIdAt));
    const error = errorOf(answer);
    if (unreadable.has(error.errno)) throw error;
  });
}
