import type { Clock } from '../base/clock.ts';
import type { Release, WriteGate } from '../replication/write-gate.ts';
import { lowerName } from '../sql/lower-name.ts';

/** How a session holds a table, by schema and name in lower case. */
export type LockedTables = ReadonlyMap<string, 'read' | 'write'>;

/** LOCK TABLES of one session. */
export interface HeldTableLock {
  readonly release: Release;
  readonly tables: LockedTables;
  /** The same by the names that statements are to use; see `nameKey`. */
  readonly names: LockedTables;
}

/** `table` is a key of `LockedTables`. */
export const nameKey = (table: string, alias: string): string => lowerName(`${table} ${alias}`);

/** Sessions that lock for READ and share one place at the gate. */
interface Readers {
  count: number;
  entered: boolean;
  readonly gate: Promise<Release>;
}

/**
 * LOCK TABLES of all sessions. While any is held nobody else writes: the gate stands for all of
 * them. Sessions that lock for READ share it; one that locks for WRITE has it for itself, and
 * others wait to read what it may be in the middle of changing.
 */
export class TableLocks {
  readonly #clock: Clock;
  #readers: Readers | undefined;
  #writer: { readonly tables: LockedTables; readonly ended: Promise<void> } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for open transactions, and for others' locks, to end. Beside a global read lock one for
   * READ is another: open transactions cannot end before that does.
   */
  lock(gate: WriteGate, tables: LockedTables, timeoutMs: number): Promise<Release> {
    const writes = [...tables.values()].includes('write');
    if (!writes && gate.writes.held) return Promise.resolve(gate.freeze());
    return writes ? this.#lockWrite(gate, tables, timeoutMs) : this.#lockRead(gate, timeoutMs);
  }

  /** False if another session's lock for WRITE on any of these was held for longer than that. */
  async readable(tables: readonly string[], timeoutMs: number): Promise<boolean> {
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    for (let writer = this.#writer; writer; writer = this.#writer) {
      if (!this.written(tables)) return true;
      const leftMs = deadlineMs - this.#clock.nowMs();
      if (leftMs <= 0) return false;
      await this.#orAfter(writer.ended, leftMs);
    }
    return true;
  }

  /** Some session holds one of these for WRITE. */
  written(tables: readonly string[]): boolean {
    return tables.some((table) => this.#writer?.tables.get(table) === 'write');
  }

  /** Some session holds tables for READ: nobody writes, and no definition changes. */
  get heldForRead(): boolean {
    return this.#readers?.entered === true;
  }

  /** No session holds a table for WRITE. */
  get allReadable(): boolean {
    return this.#writer === undefined;
  }

  async #lockRead(gate: WriteGate, timeoutMs: number): Promise<Release> {
    const readers = this.#readersToJoin(gate, timeoutMs);
    let release: Release;
    try {
      release = await readers.gate;
    } catch (error) {
      if (this.#readers === readers) this.#readers = undefined;
      throw error;
    }
    readers.entered = true;
    return once(() => {
      readers.count -= 1;
      if (readers.count > 0) return;
      if (this.#readers === readers) this.#readers = undefined;
      release();
    });
  }

  /** Who waits to write is not overtaken by those who come to read later. */
  #readersToJoin(gate: WriteGate, timeoutMs: number): Readers {
    const last = this.#readers;
    if (last && !(last.entered && gate.queued > 0)) {
      last.count += 1;
      return last;
    }
    this.#readers = { count: 1, entered: false, gate: gate.exclusive(timeoutMs) };
    return this.#readers;
  }

  async #lockWrite(gate: WriteGate, tables: LockedTables, timeoutMs: number): Promise<Release> {
    const release = await gate.exclusive(timeoutMs);
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#writer = { tables, ended };
    return once(() => {
      this.#writer = undefined;
      release();
      end();
    });
  }

  async #orAfter(ended: Promise<void>, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(ms, resolve);
      void ended.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

function once(run: () => void): Release {
  let held = true;
  return () => {
    if (held) run();
    held = false;
  };
}
