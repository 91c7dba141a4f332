import { dataText, isData } from './sim-sql.ts';

interface Unflushed {
  readonly atMs: number;
  readonly before: readonly (readonly [string, string | undefined])[];
}

/** A copy of everything on a server's disk at one moment. */
export type Backup = ReadonlyMap<string, string>;

/**
 * What a server has committed. With relaxed durability the latest commits are in memory only
 * for a while, and a crash loses some of them: always the last ones.
 */
export class SimStore {
  #data = new Map<string, string>();
  #unflushed: Unflushed[] = [];
  readonly #flushAfterMs: number;

  /** `flushAfterMs` 0: every commit is flushed. */
  constructor(flushAfterMs: number) {
    this.#flushAfterMs = flushAfterMs;
  }

  get(key: string): string | undefined {
    return this.#data.get(key);
  }

  keys(prefix: string): string[] {
    return [...this.#data.keys()].filter((key) => key.startsWith(prefix));
  }

  lists(): (readonly [key: string, list: string])[] {
    return this.data().filter(([key]) => key.startsWith('l'));
  }

  /** What belongs to the application. */
  data(): (readonly [key: string, value: string])[] {
    return [...this.#data].filter(([key]) => isData(key));
  }

  dataText(): string {
    return dataText(this.#data);
  }

  commit(changes: ReadonlyMap<string, string | undefined>, nowMs: number): void {
    const before: [string, string | undefined][] = [];
    for (const [key, value] of changes) {
      before.push([key, this.#data.get(key)]);
      this.#put(key, value);
    }
    if (this.#flushAfterMs === 0) return;
    this.#unflushed.push({ atMs: nowMs, before });
    while ((this.#unflushed[0]?.atMs ?? nowMs) < nowMs - this.#flushAfterMs) {
      this.#unflushed.shift();
    }
  }

  /** Loses the last `share` of the commits that may not be on the disk yet; returns how many. */
  crash(nowMs: number, share: number): number {
    const atRisk = this.#unflushed.filter(({ atMs }) => atMs >= nowMs - this.#flushAfterMs);
    const lost = atRisk.slice(atRisk.length - Math.floor(atRisk.length * share));
    for (const { before } of lost.toReversed()) {
      for (const [key, value] of before) this.#put(key, value);
    }
    this.#unflushed = [];
    return lost.length;
  }

  backup(): Backup {
    return new Map(this.#data);
  }

  restore(backup: Backup): void {
    this.#data = new Map(backup);
    this.#unflushed = [];
  }

  #put(key: string, value: string | undefined): void {
    if (value === undefined) this.#data.delete(key);
    else this.#data.set(key, value);
  }
}
