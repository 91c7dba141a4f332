import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Password } from '../protocol/auth/password.ts';
import type { NodeConnection } from './node-connection.ts';

/** What makes two connections interchangeable, apart from session state. */
export interface ConnectionKind {
  readonly user: string;
  readonly password: Password;
  readonly deprecateEof: boolean;
  readonly foundRows: boolean;
  readonly extendedMetadata: boolean;
  /**
   * Grows with every change of accounts or rights: a server looks at some of them only when a
   * connection is opened, so one opened before serves those who logged in before.
   */
  readonly accountVersion: number;
}

/** `sessions`: nobody can have more callers waiting than there are sessions. */
export type PoolLimits = Pick<
  Config['limits'],
  'connectionsPerNode' | 'connectionWaitMs' | 'sessions' | 'pipelinedReads'
>;

export interface ConnectionPoolOptions {
  readonly open: (kind: ConnectionKind) => Promise<NodeConnection>;
  /** Read anew at each use. */
  readonly limits: PoolLimits;
  readonly clock: Clock;
}

/** What a session wants of a connection. */
export interface Wanted {
  readonly kind: ConnectionKind;
  /** The state that it carries best already. */
  readonly stateKey: string;
  /** Of `kind` and `stateKey`: who has the same may share a connection. */
  readonly key: string;
  /** Whether it can be brought to the session's state. */
  readonly fits: (connection: NodeConnection) => boolean;
}

interface Waiter {
  readonly wanted: Wanted;
  readonly resolve: (connection: NodeConnection) => void;
  readonly reject: (error: Error) => void;
}

const kindKeys = new WeakMap<ConnectionKind, string>();

export function connectionKindKey(kind: ConnectionKind): string {
  const known = kindKeys.get(kind);
  if (known !== undefined) return known;
  const { deprecateEof, foundRows, extendedMetadata, accountVersion, user } = kind;
  const eof = deprecateEof ? 'e' : '-';
  const rows = foundRows ? 'f' : '-';
  const metadata = extendedMetadata ? 'x' : '-';
  const key = `${eof}${rows}${metadata}${accountVersion},${user}`;
  kindKeys.set(kind, key);
  return key;
}

/** `Wanted.key` of this kind and state. */
export const wantedKey = (kind: ConnectionKind, stateKey: string): string =>
  `${connectionKindKey(kind)} ${stateKey}`;

/** So many idle ones are looked at for one that carries the state already. */
const searchedMax = 9;

/**
 * The connections to one node. Idle ones are taken last in, first out, so that a small
 * set stays warm. At the limit, an idle connection that does not fit makes room; with none
 * idle the caller waits in line, for at most `limits.connection_wait`.
 *
 * One that was closed keeps its place until the server has closed it too: the server never
 * counts more of them than the limit.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #idle = new Map<string, NodeConnection[]>();
  readonly #kinds = new Map<NodeConnection, ConnectionKind>();
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  #closing = 0;
  /** Those that tell something before they are closed. */
  #leaving = 0;
  #generation = 0;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
  }

  /** Connections that the server may count: open, being opened or being closed. */
  get size(): number {
    return this.#kinds.size + this.#opening + this.#closing;
  }

  /** Connections that somebody has taken, and those who wait for one. */
  get inUse(): number {
    return this.#kinds.size + this.#opening - this.#idleCount() + this.#waiters.length;
  }

  /** Whoever takes one now has to wait. */
  get exhausted(): boolean {
    return this.size >= this.#max() && this.#idleCount() === 0;
  }

  /** Somebody waits for one, or there are more than there may be. */
  get pressed(): boolean {
    return this.#waiters.length > 0 || this.size > this.#max();
  }

  /** `Wanted.key` of who is first in line. */
  get firstWaiting(): string | undefined {
    return this.#waiters[0]?.wanted.key;
  }

  get threadIds(): number[] {
    return [...this.#kinds.keys()].map((connection) => connection.threadId);
  }

  #max(): number {
    return this.#options.limits.connectionsPerNode;
  }

  #idleCount(): number {
    let count = 0;
    for (const connections of this.#idle.values()) count += connections.length;
    return count;
  }

  /** An idle connection right now, preferably one that carries the wanted state already. */
  tryTake({ kind, stateKey, fits }: Wanted): NodeConnection | undefined {
    const idle = this.#idle.get(connectionKindKey(kind));
    if (!idle || idle.length === 0) return undefined;
    if (idle.at(-1)?.stateKey === stateKey) return idle.pop();
    const from = Math.max(0, idle.length - searchedMax);
    const same = idle.findLastIndex(
      (connection, index) => index >= from && connection.stateKey === stateKey,
    );
    const index = same >= 0 ? same : idle.findLastIndex(fits);
    return index < 0 ? undefined : idle.splice(index, 1)[0];
  }

  async take(wanted: Wanted): Promise<NodeConnection> {
    const idle = this.tryTake(wanted);
    if (idle) return idle;
    if (this.size < this.#max()) return this.#open(wanted.kind);
    // Its room may go to one who waits already.
    this.#evictIdle();
    return this.#wait(wanted);
  }

  /** One that could be taken now, and brought to the state. */
  hasIdle({ kind, fits }: Pick<Wanted, 'kind' | 'fits'>): boolean {
    return this.#idle.get(connectionKindKey(kind))?.some(fits) === true;
  }

  /** Has one more idle, if there may be one more. Throws when it cannot be opened. */
  async openIdle(kind: ConnectionKind): Promise<void> {
    if (this.size < this.#max()) this.give(await this.#open(kind));
  }

  /** Returns a connection on which nothing is under way. */
  give(connection: NodeConnection): void {
    const kind = this.#kinds.get(connection);
    if (!kind || connection.lost) return;
    // The limit may have been lowered since it was opened.
    if (this.size - this.#closing - this.#leaving > this.#max()) return this.#end(connection);
    const kindKey = connectionKindKey(kind);
    const waiter = this.#waiters.length > 0 ? this.#takeWaiter(kindKey, connection) : undefined;
    if (waiter) return waiter.resolve(connection);
    const idle = this.#idle.get(kindKey);
    if (idle) idle.push(connection);
    else this.#idle.set(kindKey, [connection]);
    // Who waits for another kind gets its room, unless one that is closing will do.
    if (this.#waiters.length > this.#closing + this.#leaving) this.#evictIdle();
  }

  /** The first in line whom this connection of the kind serves. */
  #takeWaiter(kindKey: string, connection: NodeConnection): Waiter | undefined {
    const index = this.#waiters.findIndex(
      ({ wanted }) => connectionKindKey(wanted.kind) === kindKey && wanted.fits(connection),
    );
    return index < 0 ? undefined : this.#waiters.splice(index, 1)[0];
  }

  /** The limit was changed: those who wait may have room now, and idle ones too much. */
  limitChanged(): void {
    const open = this.size - this.#closing - this.#leaving;
    for (let over = open - this.#max(); over > 0; over--) this.#evictIdle();
    for (let room = this.#max() - this.size; room > 0; room--) this.#serveNextWaiter();
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

  #wait(wanted: Wanted): Promise<NodeConnection> {
    if (this.#waiters.length >= this.#options.limits.sessions) {
      throw new LockstepError('queue_full', 'too many sessions wait for a connection to the node');
    }
    const { connectionWaitMs } = this.#options.limits;
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(connectionWaitMs, () => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        reject(
          new LockstepError(
            'connection_wait_timeout',
            `all ${this.#max()} connections to the node were in use for ${connectionWaitMs} ms`,
          ),
        );
      });
      const waiter: Waiter = {
        wanted,
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
    this.#closing++;
    connection.onClosed(() => {
      this.#closing--;
      this.#serveNextWaiter();
    });
  }

  #serveNextWaiter(): void {
    if (this.size >= this.#max()) return;
    const waiter = this.#waiters.shift();
    if (waiter) this.#open(waiter.wanted.kind).then(waiter.resolve, waiter.reject);
  }

  #evictIdle(): void {
    for (const idle of this.#idle.values()) {
      const oldest = idle.shift();
      if (oldest) return this.#end(oldest);
    }
  }

  #end(connection: NodeConnection): void {
    const told = connection.readLeft?.();
    if (!told) return connection.end();
    this.#leaving++;
    void told.finally(() => {
      this.#leaving--;
      connection.end();
    });
  }
}
