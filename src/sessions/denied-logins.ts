import { addressOwner } from '../base/address-owner.ts';
import type { Clock } from '../base/clock.ts';

interface Record {
  /** Denied since `sinceMs`. */
  denied: number;
  sinceMs: number;
  /** Denied, and not told yet. */
  waiting: number;
}

const windowMs = 60_000;
/** People mistype, and programs restart with an old password. */
const freeDenials = 5;
const firstDelayMs = 100;
const delayMsMax = 3000;
const waitingMax = 20;
const addressesMax = 10_000;

/**
 * Wrong passwords at speed, by the address they come from: beyond a few in a minute each is told
 * later than the one before, and while many wait for that nobody from there may try.
 */
export class DeniedLogins {
  readonly #clock: Clock;
  readonly #records = new Map<string, Record>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  mayTry(address: string): boolean {
    return (this.#records.get(addressOwner(address))?.waiting ?? 0) < waitingMax;
  }

  /** A login was denied. Returns a function that ends the wait, and how long that should be. */
  denied(address: string): { readonly delayMs: number; readonly told: () => void } {
    const record = this.#recordOf(addressOwner(address));
    record.denied++;
    record.waiting++;
    const beyond = record.denied - freeDenials;
    const delayMs = beyond <= 0 ? 0 : Math.min(firstDelayMs * 2 ** (beyond - 1), delayMsMax);
    return {
      delayMs,
      told: () => {
        record.waiting--;
      },
    };
  }

  #recordOf(origin: string): Record {
    const nowMs = this.#clock.nowMs();
    const known = this.#records.get(origin);
    if (known && (nowMs - known.sinceMs < windowMs || known.waiting > 0)) return known;
    const fresh = { denied: 0, sinceMs: nowMs, waiting: 0 };
    this.#records.delete(origin);
    this.#records.set(origin, fresh);
    const [oldest] = this.#records.keys();
    if (this.#records.size > addressesMax && oldest !== undefined) this.#records.delete(oldest);
    return fresh;
  }
}
