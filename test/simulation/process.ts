import type { Clock, Timer } from '../../src/base/clock.ts';

/**
 * One running program in the simulation. Its timers, and all that reaches it over the network,
 * end with its death and wait while it is frozen.
 */
export class Process implements Clock {
  readonly #clock: Clock;
  #wallOffsetMs = 0;
  #frozenUntilMs = 0;
  #alive = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get frozen(): boolean {
    return this.#clock.nowMs() < this.#frozenUntilMs;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.#wallOffsetMs;
  }

  after(delayMs: number, run: () => void): Timer {
    let cancelled = false;
    const fire = (): void => {
      if (cancelled || !this.#alive) return;
      const leftMs = this.#frozenUntilMs - this.#clock.nowMs();
      if (leftMs > 0) this.#clock.after(leftMs, fire);
      else run();
    };
    this.#clock.after(delayMs, fire);
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  die(): void {
    this.#alive = false;
  }

  freeze(ms: number): void {
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.#clock.nowMs() + ms);
  }

  thaw(): void {
    this.#frozenUntilMs = 0;
  }

  /** The calendar is set forward or back; durations are not touched. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }
}
