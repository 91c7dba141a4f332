import type { Clock } from '../base/clock.ts';
import type { SessionCore } from './session-core.ts';
import { TableLocks } from './table-locks.ts';

export interface Killing {
  /** The session lives on. */
  readonly queryOnly?: boolean;
  /** It is the session's own statement that asks, and whose answer it hears. */
  readonly byItself?: boolean;
}

/** What others may know of a session, and do to it. */
export interface SessionHandle {
  readonly core: SessionCore;
  /** What the client asked for last, as a binary string; undefined while it asks for nothing. */
  readonly running: string | undefined;
  /** Since when it has been at that, or has waited for its client. */
  readonly sinceMs: number;
  /** Ends what the session is at, and the session itself. */
  kill(killing: Killing): void;
  /** Ends it when its client has asked for nothing for too long. */
  closeIfIdle(nowMs: number): void;
}

/** The sessions that are logged in, by their numbers. */
export class SessionRegistry {
  /** Since when clients are accepted, on the clock of the sessions. */
  readonly sinceMs: number;
  /** Commands of all clients so far. */
  commands = 0;
  readonly tableLocks: TableLocks;
  readonly #sessions = new Map<number, SessionHandle>();

  constructor(clock: Clock) {
    this.sinceMs = clock.nowMs();
    this.tableLocks = new TableLocks(clock);
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: SessionHandle): void {
    this.#sessions.set(session.core.id, session);
  }

  /** False when it is not there. */
  delete(session: SessionHandle): boolean {
    return this.#sessions.delete(session.core.id);
  }

  get(id: number): SessionHandle | undefined {
    return this.#sessions.get(id);
  }

  values(): IterableIterator<SessionHandle> {
    return this.#sessions.values();
  }
}
