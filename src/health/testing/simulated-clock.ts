import type { Clock, Timer } from '../../base/clock.ts';

interface Pending {
  readonly dueMs: number;
  /** Timers due at the same time run in the order in which they were made. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** 2024-01-01T00:00:00Z, in milliseconds since 1970. */
const newYear2024Ms = 1_704_067_200_000;

/** Time that passes only when a test says so. */
export class SimulatedClock implements Clock {
  readonly #startWallMs: number;
  readonly #settle: () => Promise<void>;
  /** A binary heap, the next timer first; cancelled ones stay in it until they are due. */
  readonly #heap: Pending[] = [];
  #nowMs = 0;
  #made = 0;

  constructor(
    options: { readonly startWallMs?: number; readonly settle?: () => Promise<void> } = {},
  ) {
    this.#startWallMs = options.startWallMs ?? newYear2024Ms;
    this.#settle = options.settle ?? settle;
  }

  get pendingTimers(): number {
    return this.#heap.filter(({ cancelled }) => !cancelled).length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    this.#made += 1;
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const pending: Pending = { dueMs, order: this.#made, run, cancelled: false };
    this.#push(pending);
    return {
      cancel: () => {
        pending.cancelled = true;
      },
    };
  }

  /** Lets time pass, and after each timer whatever promises it settled. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.#settle();
    while (this.#runNext(endMs)) await this.#settle();
    this.#nowMs = endMs;
  }

  /** Lets time pass for code without promises: much faster. */
  advanceSync(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  #runNext(endMs: number): boolean {
    while (true) {
      const next = this.#heap[0];
      if (next === undefined || next.dueMs > endMs) return false;
      this.#removeFirst();
      if (next.cancelled) continue;
      this.#nowMs = next.dueMs;
      next.run();
      return true;
    }
  }

  #push(pending: Pending): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || isBefore(parent, pending)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = pending;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return;
    let index = 0;
    while (true) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const goRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = goRight ? right : left;
      if (child === undefined || isBefore(moved, child)) break;
      heap[index] = child;
      index = 2 * index + (goRight ? 2 : 1);
    }
    heap[index] = moved;
  }
}

function isBefore(a: Pending, b: Pending): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** A turn of the event loop: every promise that can settle by itself has done so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
