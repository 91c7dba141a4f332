import type { Process } from './process.ts';

interface Waiter {
  readonly owner: object;
  readonly resolve: (errno: number) => void;
}

const lockWaitTimeout = 1205;
const deadlock = 1213;

/** Row locks, exclusive, first come first served; one row each. */
export class SimLocks {
  readonly #process: Process;
  readonly #waitMs: number;
  readonly #holders = new Map<string, object>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #waitsFor = new Map<object, string>();

  constructor(process: Process, waitMs: number) {
    this.#process = process;
    this.#waitMs = waitMs;
  }

  /** Resolves with 0, or the server's error number. */
  acquire(owner: object, key: string): Promise<number> {
    const holder = this.#holders.get(key);
    if (holder === undefined || holder === owner) {
      this.#holders.set(key, owner);
      return Promise.resolve(0);
    }
    if (this.#leadsBack(holder, owner)) return Promise.resolve(deadlock);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        owner,
        resolve: (errno) => {
          timer.cancel();
          this.#waitsFor.delete(owner);
          resolve(errno);
        },
      };
      const timer = this.#process.after(this.#waitMs, () => {
        this.#forget(key, waiter);
        waiter.resolve(lockWaitTimeout);
      });
      this.#waitsFor.set(owner, key);
      const waiting = this.#waiters.get(key);
      if (waiting) waiting.push(waiter);
      else this.#waiters.set(key, [waiter]);
    });
  }

  /** Whether somebody waits for a row that the owner holds, one of those meant. */
  isAwaited(owner: object, keys: RegExp): boolean {
    return [...this.#waiters].some(
      ([key, waiting]) => waiting.length > 0 && keys.test(key) && this.#holders.get(key) === owner,
    );
  }

  /** The owner's transaction has ended: others take its rows. */
  release(owner: object): void {
    const awaited = this.#waitsFor.get(owner);
    if (awaited !== undefined) {
      const waiter = this.#waiters.get(awaited)?.find((found) => found.owner === owner);
      if (waiter) this.#forget(awaited, waiter);
      this.#waitsFor.delete(owner);
    }
    for (const [key, holder] of [...this.#holders]) {
      if (holder === owner) this.#passOn(key);
    }
  }

  #passOn(key: string): void {
    const next = this.#waiters.get(key)?.shift();
    if (!next) {
      this.#holders.delete(key);
      return;
    }
    this.#holders.set(key, next.owner);
    next.resolve(0);
  }

  #forget(key: string, waiter: Waiter): void {
    const waiting = this.#waiters.get(key) ?? [];
    this.#waiters.set(
      key,
      waiting.filter((other) => other !== waiter),
    );
  }

  #leadsBack(from: object, to: object): boolean {
    for (let owner: object | undefined = from; owner; ) {
      if (owner === to) return true;
      const key = this.#waitsFor.get(owner);
      owner = key === undefined ? undefined : this.#holders.get(key);
    }
    return false;
  }
}
