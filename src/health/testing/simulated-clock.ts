import type { Clock, Timer } from '../../base/clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time that passes only when a test says so. Timers run in order of their time, then of age. */
export class SimulatedClock implements Clock {
  #nowMs = 0;
  readonly #startWallMs: number;
  readonly #pending = new Set<Pending>();

  constructor(options: { readonly startWallMs?: number } = {}) {
    this.#startWallMs = options.startWallMs ?? Date.UTC(2024, 0, 1);
  }

  get pendingTimers(): number {
    return this.#pending.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const pending: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Lets time pass, and after each timer whatever promises it settled. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    while (this.#runNext(endMs)) await settle();
    this.#nowMs = endMs;
  }

  /** Lets time pass for code without promises: much faster. */
  advanceSync(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  #runNext(endMs: number): boolean {
    let next: Pending | undefined;
    for (const pending of this.#pending) {
      if (next === undefined || pending.dueMs < next.dueMs) next = pending;
    }
    if (next === undefined || next.dueMs > endMs) return false;
    this.#pending.delete(next);
    this.#nowMs = next.dueMs;
    next.run();
    return true;
  }
}

/** A turn of the event loop: every promise that can settle by itself has done so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
