import type { Clock } from '../base/clock.ts';

/** A form of statement that Lockstep refused, and why. */
export interface RefusedQuery {
  /** The last time, in milliseconds since 1970. */
  readonly atMs: number;
  /** As it stood the last time, cut. */
  readonly sql: string;
  readonly user: string;
  /** A code of docs/ERRORS.md. */
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

const keptMax = 100;

/** The latest refused statements, each form of them once. */
export class RefusedQueries {
  readonly #clock: Clock;
  /** By normalised text and message, in the order of their last time. */
  readonly #queries = new Map<string, RefusedQuery>();

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  add(normalised: string, refused: Omit<RefusedQuery, 'atMs' | 'count'>): void {
    const key = `${normalised}\0${refused.message}`;
    const count = (this.#queries.get(key)?.count ?? 0) + 1;
    this.#queries.delete(key);
    this.#queries.set(key, { ...refused, count, atMs: this.#clock.wallMs() });
    if (this.#queries.size <= keptMax) return;
    for (const oldest of this.#queries.keys()) {
      this.#queries.delete(oldest);
      break;
    }
  }

  /** The latest first. */
  list(): RefusedQuery[] {
    return [...this.#queries.values()].toReversed();
  }

  clear(): void {
    this.#queries.clear();
  }
}
