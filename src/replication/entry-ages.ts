import type { Seq } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';

const entriesMax = 1_000_000;

/** How long ago the latest entries became durable, to tell who is late. */
export class EntryAges {
  readonly #clock: Clock;
  /** Milliseconds of the monotonic clock, ascending by seq. */
  readonly #durableAtMs = new Map<Seq, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(seq: Seq): void {
    this.#durableAtMs.set(seq, this.#clock.nowMs());
  }

  /** Milliseconds; infinite for entries from before the start and for those forgotten. */
  ageMs(seq: Seq): number {
    const at = this.#durableAtMs.get(seq);
    return at === undefined ? Number.POSITIVE_INFINITY : this.#clock.nowMs() - at;
  }

  forgetUpTo(position: number): void {
    for (const seq of this.#durableAtMs.keys()) {
      if (seq > position && this.#durableAtMs.size < entriesMax) break;
      this.#durableAtMs.delete(seq);
    }
  }
}
