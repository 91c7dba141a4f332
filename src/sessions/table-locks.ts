import type { Clock } from '../base/clock.ts';
import type { Release, WriteGate } from '../replication/write-gate.ts';

/** How a session holds a table, by schema and name in lower case. */
export type LockedTables = ReadonlyMap<string, 'read' | 'write'>;

/**
 * LOCK TABLES of all sessions. While any is held nobody else writes: the gate stands for all of
 * them. Sessions that lock for READ share it; one that locks for WRITE has it for itself, and
 * others wait to read what it may be in the middle of changing.
 */
export class TableLocks {
  readonly #clock: Clock;
  #readers = 0;
  #readersGate: Promise<Release> | undefined;
  #writer: { readonly tables: LockedTables; readonly ended: Promise<void> } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for open transactions, and for others' locks, to end. */
  lock(gate: WriteGate, tables: LockedTables, timeoutMs: number): Promise<Release> {
    const writes = [...tables.values()].includes('write');
    return writes ? this.#lockWrite(gate, tables, timeoutMs) : this.#lockRead(gate, timeoutMs);
  }

  /** False if another session's lock for WRITE on any of these was held for longer than that. */
  async readable(tables: readonly string[], timeoutMs: number): Promise<boolean> {
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    for (let writer = this.#writer; writer; writer = this.#writer) {
      const { tables: locked, ended } = writer;
      if (!tables.some((table) => locked.get(table) === 'write')) return true;
      const leftMs = deadlineMs - this.#clock.nowMs();
      if (leftMs <= 0) return false;
      await this.#orAfter(ended, leftMs);
    }
    return true;
  }

  /** No session holds a table for WRITE. */
  get allReadable(): boolean {
    return this.#writer === undefined;
  }

  async #lockRead(gate: WriteGate, timeoutMs: number): Promise<Release> {
    this.#readers += 1;
    this.#readersGate ??= gate.exclusive(timeoutMs);
    const held = this.#readersGate;
    let release: Release;
    try {
      release = await held;
    } catch (error) {
      this.#readers -= 1;
      if (this.#readersGate === held) this.#readersGate = undefined;
      throw error;
    }
    return once(() => {
      this.#readers -= 1;
      if (this.#readers > 0) return;
      this.#readersGate = undefined;
      release();
    });
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
