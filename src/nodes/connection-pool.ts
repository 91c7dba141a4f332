import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { Password } from '../protocol/auth/password.ts';
import type { NodeConnection } from './node-connection.ts';

/** What makes two connections interchangeable, apart from session state. */
export interface ConnectionKind {
  readonly user: string;
  readonly password: Password;
  readonly deprecateEof: boolean;
  readonly foundRows: boolean;
  /**
   * Grows with every change of accounts or rights: a server looks at some of them only when a
   * connection is opened, so one opened before serves those who logged in before.
   */
  readonly accountVersion: number;
}

export interface ConnectionPoolOptions {
  readonly open: (kind: ConnectionKind) => Promise<NodeConnection>;
  readonly connectionsMax: number;
  readonly waitersMax: number;
  readonly waitTimeoutMs: number;
  readonly clock: Clock;
}

interface Waiter {
  readonly kind: ConnectionKind;
  readonly resolve: (connection: NodeConnection) => void;
  readonly reject: (error: Error) => void;
}

export function connectionKindKey(kind: ConnectionKind): string {
  const { deprecateEof, foundRows, accountVersion, user } = kind;
  return `${deprecateEof ? 'e' : '-'}${foundRows ? 'f' : '-'}${accountVersion},${user}`;
}

/**
 * The connections to one node. Idle ones are taken last in, first out, so that a small
 * set stays warm. At the limit, an idle connection of another kind makes room; with none
 * idle the caller waits in line, for at most `waitTimeoutMs`.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #idle = new Map<string, NodeConnection[]>();
  readonly #kinds = new Map<NodeConnection, ConnectionKind>();
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  #generation = 0;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
  }

  /** Connections open or being opened. */
  get size(): number {
    return this.#kinds.size + this.#opening;
  }

  /** Connections that somebody has taken, and those who wait for one. */
  get inUse(): number {
    let idle = 0;
    for (const connections of this.#idle.values()) idle += connections.length;
    return this.size - idle + this.#waiters.length;
  }

  /** Whoever takes one now has to wait. */
  get exhausted(): boolean {
    if (this.size < this.#options.connectionsMax) return false;
    for (const connections of this.#idle.values()) if (connections.length > 0) return false;
    return true;
  }

  get threadIds(): number[] {
    return [...this.#kinds.keys()].map((connection) => connection.threadId);
  }

  /** An idle connection right now, preferably one that carries `stateKey` already. */
  tryTake(kind: ConnectionKind, stateKey?: string): NodeConnection | undefined {
    const idle = this.#idle.get(connectionKindKey(kind));
    if (!idle || idle.length === 0) return undefined;
    const top = idle.length - 1;
    if (stateKey !== undefined && idle[top]?.stateKey !== stateKey) {
      for (let index = top - 1; index >= 0 && index >= top - 8; index--) {
        if (idle[index]?.stateKey === stateKey) return idle.splice(index, 1)[0];
      }
    }
    return idle.pop();
  }

  async take(kind: ConnectionKind, stateKey?: string): Promise<NodeConnection> {
    const idle = this.tryTake(kind, stateKey);
    if (idle) return idle;
    const { connectionsMax } = this.#options;
    if (this.size < connectionsMax) return this.#open(kind);
    // The room may go to one who waits already.
    if (this.#evictIdle() && this.size < connectionsMax) return this.#open(kind);
    return this.#wait(kind);
  }

  /** Returns a connection on which nothing is under way. */
  give(connection: NodeConnection): void {
    const kind = this.#kinds.get(connection);
    if (!kind || connection.lost) return;
    const key = connectionKindKey(kind);
    const index = this.#waiters.findIndex((waiter) => connectionKindKey(waiter.kind) === key);
    if (index >= 0) {
      this.#waiters.splice(index, 1)[0]?.resolve(connection);
      return;
    }
    const idle = this.#idle.get(key);
    if (idle) idle.push(connection);
    else this.#idle.set(key, [connection]);
    if (this.#waiters.length > 0 && this.#evictIdle()) this.#serveNextWaiter();
  }

  /** Closes every connection, idle or not: what was under way on them is lost. */
  destroyAll(reason: Error): void {
    this.#generation++;
    for (const connection of [...this.#kinds.keys()]) connection.destroy(reason);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(reason);
  }

  async #open(kind: ConnectionKind): Promise<NodeConnection> {
    this.#opening++;
    const generation = this.#generation;
    try {
      const connection = await this.#options.open(kind);
      if (generation !== this.#generation) {
        const reason = new Error('the node was taken out while connecting');
        connection.destroy(reason);
        throw reason;
      }
      this.#kinds.set(connection, kind);
      connection.onLost(() => this.#forget(connection));
      return connection;
    } finally {
      this.#opening--;
      this.#serveNextWaiter();
    }
  }

  #wait(kind: ConnectionKind): Promise<NodeConnection> {
    if (this.#waiters.length >= this.#options.waitersMax) {
      throw new LockstepError('queue_full', 'too many sessions wait for a connection to the node');
    }
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(this.#options.waitTimeoutMs, () => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        reject(
          new LockstepError(
            'connection_wait_timeout',
            `all ${this.#options.connectionsMax} connections to the node were in use for ` +
              `${this.#options.waitTimeoutMs} ms`,
          ),
        );
      });
      const waiter: Waiter = {
        kind,
        resolve: (connection) => {
          timer.cancel();
          resolve(connection);
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  #forget(connection: NodeConnection): void {
    const kind = this.#kinds.get(connection);
    if (!kind) return;
    this.#kinds.delete(connection);
    const idle = this.#idle.get(connectionKindKey(kind));
    const index = idle?.indexOf(connection) ?? -1;
    if (idle && index >= 0) idle.splice(index, 1);
    this.#serveNextWaiter();
  }

  #serveNextWaiter(): void {
    if (this.size >= this.#options.connectionsMax) return;
    const waiter = this.#waiters.shift();
    if (waiter) this.#open(waiter.kind).then(waiter.resolve, waiter.reject);
  }

  #evictIdle(): boolean {
    for (const idle of this.#idle.values()) {
      const oldest = idle.shift();
      if (oldest) {
        oldest.end();
        return true;
      }
    }
    return false;
  }
}
