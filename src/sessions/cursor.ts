import { LockstepError } from '../base/errors.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { StatusFlag } from '../protocol/status-flags.ts';
import { type Answer, SessionBroken } from './answer.ts';
import { type NodeRequest, plainRequest } from './node-request.ts';
import { closeOn, prepareAlone } from './prepared-on-node.ts';
import { prepareAsRead, readingOf } from './prepared-reading.ts';
import { executeRequest, type PreparedStatement } from './prepared-statement.ts';
import { exchange, read, type ReadOptions } from './read-path.ts';
import type { SessionCore } from './session-core.ts';
import { readInTransaction } from './transaction-path.ts';

const serverIdAt = 1;

/**
 * Rows that wait on a node until the client fetches them (COM_STMT_EXECUTE with
 * CURSOR_TYPE_READ_ONLY, COM_STMT_FETCH): the server keeps them, so nobody here does. The statement
 * is prepared on that connection for the cursor alone, and closing it closes the cursor. A cursor
 * outside a transaction has its connection for itself; one inside ends with the transaction, whose
 * connection it uses. Sources: pages "COM_STMT_EXECUTE", "COM_STMT_FETCH".
 */
export class Cursor {
  /** What it was asked to execute. */
  readonly sql: string;
  readonly #core: SessionCore;
  readonly #execution: NodeRequest;
  #connection: NodeConnection | undefined;
  #serverId: number | undefined;
  #open = false;
  /** It took the connection from the pool. */
  #owns = false;

  constructor(core: SessionCore, prepared: PreparedStatement, payload: Buffer) {
    this.sql = prepared.sql;
    this.#core = core;
    this.#execution = executeRequest(prepared, payload, {
      cursor: true,
      prepare: async (connection, sql) => {
        // Run again in a replay of its transaction, it would begin anew: what was fetched is past.
        this.#open = false;
        this.#connection = connection;
        this.#serverId = undefined;
        const reading = readingOf(core, prepared);
        const prepareHere = (): Promise<number> => prepareAlone(connection, sql);
        this.#serverId = await prepareAsRead(core, connection, reading, prepareHere);
        return this.#serverId;
      },
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** Executes the statement. Whether there is a cursor then is for the server to say. */
  async begin(options: ReadOptions): Promise<Answer> {
    const { transaction, pinned } = this.#core;
    const opened = (flags: number): boolean => {
      this.#open = (flags & StatusFlag.CURSOR_EXISTS) !== 0;
      this.#owns = this.#open && !transaction && !pinned;
      return this.#owns;
    };
    try {
      const answer = transaction
        ? await readInTransaction(this.#core, transaction, this.#execution, options)
        : await read(this.#core, this.#execution, { ...options, keep: opened });
      if (answer.kind === 'streamed') opened(answer.statusFlags);
      return answer;
    } finally {
      if (!this.#open) this.close();
    }
  }

  /** The next rows, as many as the client asks for, go to it as they come. */
  async fetch(payload: Buffer): Promise<Answer> {
    const connection = this.#connection;
    if (!connection || connection.lost || this.#serverId === undefined) throw this.#lost();
    const packet = Buffer.from(payload);
    packet.writeUInt32LE(this.#serverId, serverIdAt);
    const request = plainRequest(encodePacket(packet, 0), 'fetch');
    const options = { statement: undefined, leader: false, stream: true };
    try {
      const attempt = await exchange(this.#core, connection, request, options);
      if (attempt.kind === 'lost_unseen') throw this.#lost();
      const { answer } = attempt;
      const flags = answer.kind === 'streamed' ? answer.statusFlags : 0;
      const failed = answer.kind !== 'streamed' || answer.failed;
      if (failed || (flags & StatusFlag.LAST_ROW_SENT) !== 0) this.close();
      return answer;
    } catch (error) {
      if (error instanceof SessionBroken || connection.lost) this.close();
      throw error;
    }
  }

  /** The transaction or the lock whose connection it uses is over. */
  closeIfEnded(): void {
    if (!this.#open || this.#owns) return;
    const { transaction, pinned } = this.#core;
    const bound = [transaction?.lane.connection, pinned?.connection];
    if (!bound.includes(this.#connection)) this.close();
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#open = false;
    if (!connection) return;
    if (this.#serverId !== undefined) closeOn(connection, this.#serverId);
    if (this.#owns) this.#core.nodeOf(connection)?.pool.give(connection);
    this.#owns = false;
  }

  #lost(): LockstepError {
    this.close();
    return new LockstepError(
      'cursor_lost',
      'the node that held the cursor is gone; execute the statement again',
    );
  }
}
