import type { Clock } from '../base/clock.ts';

/** Something that several may hold at the same time; others wait until nobody does. */
export class Hold {
  readonly #clock: Clock;
  readonly #waiters = new Set<() => void>();
  #holders = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get held(): boolean {
    return this.#holders > 0;
  }

  /** Others hold it than whoever asks, who has taken it `own` times. */
  heldBeside(own: number): boolean {
    return this.#holders > own;
  }

  /** Somebody waits for it to be free. */
  get awaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** The function returned gives it back; calling that again does nothing. */
  take(): () => void {
    this.#holders++;
    let mine = true;
    return () => {
      if (!mine) return;
      mine = false;
      this.#holders--;
      for (const wake of this.#waiters) wake();
    };
  }

  /** True once nobody else holds it; false if somebody still does after `timeoutMs`. */
  async free(timeoutMs: number, own = 0): Promise<boolean> {
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    while (this.heldBeside(own)) {
      const leftMs = deadlineMs - this.#clock.nowMs();
      if (leftMs <= 0) return false;
      await this.#changed(leftMs);
    }
    return true;
  }

  async whenFree(): Promise<void> {
    while (this.held) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#waiters.delete(done);
          resolve();
        };
        this.#waiters.add(done);
      });
    }
  }

  #changed(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiters.delete(done);
        resolve();
      };
      const timer = this.#clock.after(timeoutMs, done);
      this.#waiters.add(done);
    });
  }
}
