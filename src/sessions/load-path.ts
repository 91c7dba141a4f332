import { LockstepError } from '../base/errors.ts';
import { NodeConnectionLostError } from '../nodes/node-connection.ts';
import { NodeRefusedError } from '../nodes/client-handshake.ts';
import { emptyInfile } from '../nodes/infile.ts';
import { infileDisabled } from '../nodes/infile-disabled.ts';
import type { Node } from '../nodes/node.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { withFileCharset } from '../sql/load-data.ts';
import type { Answer } from './answer.ts';
import { checkWrite } from './check-write.ts';
import type { ClientFile } from './client-file.ts';
import { asText, flatten } from './determine-write.ts';
import { read } from './read-path.ts';
import { receiveFile } from './receive-file.ts';
import type { SessionCore } from './session-core.ts';
import { readInTransaction } from './transaction-path.ts';
import { withConnection } from './with-connection.ts';
import type { WriteRequest } from './write-request.ts';

/** Asks the client for a file of this name; undefined for a client that gives none. */
export type AskForFile = ((name: string) => ClientFile) | undefined;

/** What LOAD DATA LOCAL comes to before any row of it is anywhere. */
export type LoadPlan =
  /** The leader refuses it, in these words. */
  | { readonly kind: 'refused'; readonly answer: Answer }
  /** The client has sent its file: this is to be run. */
  | { readonly kind: 'load'; readonly write: WriteRequest };

/**
 * Everything that can be said against a LOAD DATA LOCAL is said before the client is asked for
 * its file; and the whole file is on the disk before the leader gets it, so that no lock waits
 * for a client, and another leader can be given it again.
 */
export async function planLoad(
  core: SessionCore,
  write: WriteRequest,
  options: { askForFile: AskForFile; logged: boolean },
): Promise<LoadPlan> {
  const { askForFile, logged } = options;
  if (!askForFile) throw disabled(core);
  const flat = flatten(write);
  const asked = { ...asText(write, flat), statement: core.analyse(flat) };
  if (logged) await checkWrite(core, asked);
  const tried = await tryOnLeader(core, asked);
  if (typeof tried !== 'string') return { kind: 'refused', answer: tried };
  if (logged) await checkNodes(core);
  const [row] = await withConnection(core, (connection) =>
    queryRows(connection, 'SELECT @@character_set_database AS charset LIMIT 1'),
  );
  const sql = withFileCharset(flat, core.lexMode, row?.['charset'] ?? 'utf8mb4');
  const file = await receiveFile(core, askForFile(tried));
  core.loadFiles.push(file);
  const statement = core.analyse(sql);
  return { kind: 'load', write: { ...asText(write, sql), statement, file } };
}

/**
 * Has the leader load an empty file, which changes nothing. Returns its refusal, or the name of
 * the file as it asks for it.
 */
async function tryOnLeader(core: SessionCore, write: WriteRequest): Promise<Answer | string> {
  let name: string | undefined;
  const infile = emptyInfile((asked) => {
    name = asked;
  });
  const options = { statement: write.statement, leader: true, stream: false, infile };
  const answer = core.transaction
    ? await readInTransaction(core, core.transaction, write.request, options)
    : await read(core, write.request, options);
  if (answer.kind === 'held' && answer.reply.error) return answer;
  if (name === undefined) throw new LockstepError('internal', 'LOAD DATA LOCAL asked for no file');
  return name;
}

/** A node that does not take files would fall behind with this entry, and stay there. */
async function checkNodes(core: SessionCore): Promise<void> {
  const { nodes, replicator } = core.context;
  const following = [...nodes.values()].filter(
    ({ name }) => replicator.inSync(name) && replicator.leadership?.name !== name,
  );
  await Promise.all(following.map((node) => checkNode(core, node)));
}

async function checkNode(core: SessionCore, node: Node): Promise<void> {
  try {
    const connection = await core.takeConnection(node);
    try {
      const [row] = await queryRows(connection, 'SELECT @@global.local_infile AS allowed LIMIT 1');
      if (row?.['allowed'] === '0') throw infileDisabled(node.name);
    } finally {
      node.pool.give(connection);
    }
  } catch (error) {
    // It is being lost, which is no reason to refuse the write.
    const lost = error instanceof NodeConnectionLostError || error instanceof NodeRefusedError;
    if (!lost && !(error instanceof Error && 'syscall' in error)) throw error;
  }
}

/** In the words of each server, which refuses when it or its client does not allow it. */
function disabled({ lexMode }: SessionCore): NodeQueryError {
  return lexMode.flavor === 'mysql'
    ? new NodeQueryError(
        3948,
        '42000',
        'Loading local data is disabled; this must be enabled on both the client and server sides',
      )
    : new NodeQueryError(
        4166,
        'HY000',
        'The used command is not allowed because the MariaDB server or client has disabled the ' +
          'local infile capability',
      );
}
