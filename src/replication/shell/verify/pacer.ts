import type { Clock, Timer } from '../../../base/clock.ts';

/** Spreads reading over time, so that it is at no moment ahead of so many rows a second. */
export class Pacer {
  readonly #clock: Clock;
  readonly #rowsPerS: number;
  #lastMs: number;
  #owed = 0;

  /** `rowsPerS` 0: as fast as it goes. */
  constructor(options: { readonly clock: Clock; readonly rowsPerS: number }) {
    this.#clock = options.clock;
    this.#rowsPerS = options.rowsPerS;
    this.#lastMs = options.clock.nowMs();
  }

  /** How many of `rows` to read at once: those of one second at most. */
  atOnce(rows: number): number {
    return this.#rowsPerS === 0 ? rows : Math.max(1, Math.min(rows, this.#rowsPerS));
  }

  /** How long reading `rows` more rows has to wait. */
  waitMs(rows: number): number {
    if (this.#rowsPerS === 0) return 0;
    const dueMs = this.#lastMs + ((rows + this.#owed) / this.#rowsPerS) * 1000;
    return Math.max(0, dueMs - this.#clock.nowMs());
  }

  /** Resolves when `rows` rows may be read: they are paid for before. Rejects when aborted. */
  async begin(rows: number, signal: AbortSignal): Promise<void> {
    // A timer may be early by less than a millisecond.
    for (let ms = this.waitMs(rows); ms > 0; ms = this.waitMs(rows)) {
      await this.#pause(Math.ceil(ms), signal);
    }
    signal.throwIfAborted();
    this.#owed = 0;
    this.#lastMs = this.#clock.nowMs();
  }

  /** More rows were read than had been paid for. */
  owe(rows: number): void {
    this.#owed += Math.max(0, rows);
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        timer.cancel();
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const timer: Timer = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }
}
