import { asError } from '../base/as-error.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import type { Node } from '../nodes/node.ts';
import type { Trace } from '../telemetry/tracing/trace.ts';
import { SessionBroken } from './answer.ts';
import { nodeAttributes } from './begin-trace.ts';

/** ER_QUERY_INTERRUPTED, in the words of both servers. */
export const interruptedError = (): NodeQueryError =>
  new NodeQueryError(1317, '70100', 'Query execution was interrupted');

/**
 * The command that a session is at, and the connection that runs it just now, so that both can be
 * ended from outside. A server's KILL QUERY may arrive when the statement has ended already: so
 * nothing else is sent on that connection, and nobody else gets it, before KILL QUERY is answered.
 */
export class RunningStatement {
  /** Told of what nodes do for it; undefined for most statements, and where nobody traces. */
  trace: Trace | undefined;
  readonly #nodeOf: (connection: NodeConnection) => Node | undefined;
  #connection: NodeConnection | undefined;
  #killing: Promise<void> | undefined;
  #interrupted = false;
  #abandoned = false;
  /** Set while the connection works for others too. */
  #leave: (() => void) | undefined;
  /** Ends what waits for no node. */
  #wake = (): void => {};

  /** `nodeOf`: undefined for a connection that is closed. */
  constructor(nodeOf: (connection: NodeConnection) => Node | undefined) {
    this.#nodeOf = nodeOf;
  }

  /** Where it runs; undefined while no node is at it. */
  get connection(): NodeConnection | undefined {
    return this.#connection;
  }

  /** The client's next command begins: what was meant for the one before is past. */
  begin(): void {
    this.#interrupted = false;
  }

  /** Throws when the command was ended before a node got it. */
  check(): void {
    if (this.#abandoned) throw new SessionBroken('the client is gone');
    if (this.#interrupted) throw interruptedError();
  }

  /** Waits for what is no node's to give; throws as soon as the command is ended. */
  async wait(awaited: Promise<boolean>): Promise<boolean> {
    const woken = new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(false);
    });
    this.check();
    const got = await Promise.race([awaited, woken]);
    this.check();
    return got;
  }

  /** As `observe`, unless the command was ended already: then it throws. */
  async during<T>(connection: NodeConnection, work: () => Promise<T>): Promise<T> {
    this.check();
    return this.observe(connection, work);
  }

  /** Whether `start` may be used instead of `during`. */
  get mayStart(): boolean {
    return !this.#abandoned && !this.#interrupted && !this.trace;
  }

  /** As `during`, for work that `finish` ends. */
  start(connection: NodeConnection): void {
    this.#connection = connection;
  }

  /** As `start`, on a connection that works for others too: `leave` is called when it is ended. */
  startShared(connection: NodeConnection, leave: () => void): void {
    this.#connection = connection;
    this.#leave = leave;
  }

  /** What was started has ended. Resolves when others may use its connection; undefined: now. */
  finish(): Promise<void> | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    return connection && this.#killing ? this.#settle(connection) : undefined;
  }

  /** As `finish`, of what was started on a shared connection, which goes on in any case. */
  finishShared(): void {
    this.#connection = undefined;
    this.#leave = undefined;
  }

  /** Has a connection work for the client's command; meanwhile that can be interrupted. */
  async observe<T>(connection: NodeConnection, work: () => Promise<T>): Promise<T> {
    this.#connection = connection;
    const step = this.trace && this.#beginStep(this.trace, connection);
    try {
      return await work();
    } finally {
      step?.end(connection.lost?.message);
      this.#connection = undefined;
      await this.#settle(connection);
    }
  }

  #beginStep(trace: Trace, connection: NodeConnection) {
    const node = this.#nodeOf(connection);
    return node && trace.begin(node.name, nodeAttributes(node));
  }

  /** Ends what is running; what has not reached a node yet will not. */
  interrupt(): void {
    this.#interrupted = true;
    this.#wake();
    const connection = this.#connection;
    if (this.#leave) return this.#leave();
    if (!connection || connection.lost || this.#killing) return;
    this.#killing = this.#interruptOn(connection);
  }

  /** As `interrupt`, for good: the client is gone. */
  abandon(): void {
    this.#abandoned = true;
    this.interrupt();
  }

  async #interruptOn(connection: NodeConnection): Promise<void> {
    try {
      await this.#nodeOf(connection)?.killQuery(connection);
    } catch (error) {
      // The statement must not go on.
      connection.destroy(asError(error));
    }
  }

  async #settle(connection: NodeConnection): Promise<void> {
    if (!this.#killing) return;
    await this.#killing;
    this.#killing = undefined;
    // Takes what is left of a KILL QUERY that came when the statement had ended.
    if (!connection.lost) await queryRows(connection, 'DO 0').catch(() => []);
  }
}
