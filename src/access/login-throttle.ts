import { addressOwner } from '../base/address-owner.ts';
import type { Clock } from '../base/clock.ts';
import { LoginLockedError } from './login-locked-error.ts';

interface Failures {
  readonly count: number;
  /** Until when nothing more is tried. */
  readonly lockedUntilMs: number;
  readonly lastMs: number;
}

const forgetAfterMs = 15 * 60_000;
const firstLockMs = 10_000;
const lockMsMax = 15 * 60_000;
const keysMax = 10_000;
/** People mistype. */
const freeByAddress = 5;
/** Much more, so that a stranger cannot lock an account out from anywhere at no cost. */
const freeByName = 50;

/**
 * Wrong passwords, by the address they come from and by the name they are for: beyond a few,
 * nothing more is tried for a while, twice as long each time. What is refused so is not even
 * looked at, so the right password does not help before the time is over.
 */
export class LoginThrottle {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws LoginLockedError while nothing may be tried. */
  check(address: string, name: string): void {
    const nowMs = this.#clock.nowMs();
    const lockedUntilMs = Math.max(
      ...keysOf(address, name).map(([key]) => this.#failures.get(key)?.lockedUntilMs ?? 0),
    );
    if (lockedUntilMs > nowMs) throw new LoginLockedError(lockedUntilMs - nowMs);
  }

  failed(address: string, name: string): void {
    for (const [key, free] of keysOf(address, name)) this.#count(key, free);
  }

  /**
   * One more is tried, which counts as failed until the returned function is called: many at once
   * get no further than one after the other. Earlier failures stay, so that no account of one's
   * own is a way to try others without end.
   */
  attempt(address: string, name: string): () => void {
    this.check(address, name);
    const before = keysOf(address, name).map(([key]) => [key, this.#failures.get(key)] as const);
    this.failed(address, name);
    return () => {
      for (const [key, failures] of before) {
        if (failures) this.#failures.set(key, failures);
        else this.#failures.delete(key);
      }
    };
  }

  #count(key: string, free: number): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#failures.get(key);
    const isOld = known !== undefined && nowMs - known.lastMs > forgetAfterMs;
    const count = known === undefined || isOld ? 1 : known.count + 1;
    const lockMs = count < free ? 0 : Math.min(firstLockMs * 2 ** (count - free), lockMsMax);
    this.#failures.delete(key);
    this.#failures.set(key, { count, lastMs: nowMs, lockedUntilMs: nowMs + lockMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > keysMax && oldest !== undefined) this.#failures.delete(oldest);
  }
}

const keysOf = (address: string, name: string) =>
  [
    [`address ${addressOwner(address)}`, freeByAddress],
    [`name ${name}`, freeByName],
  ] as const;
