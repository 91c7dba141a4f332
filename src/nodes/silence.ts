/** What the server has under way for a connection, as it said when it was asked. */
export type Standing =
  | 'busy'
  | 'at_rest'
  /** At rest, but a command may wait in the queue of a pool of threads. */
  | 'perhaps_queued';

export interface SilenceLimits {
  /** Its server is first asked when an answer has been owed for this long. */
  readonly askAfterMs: number;
  /** At rest for this long, and nothing is heard: an answer under way would have come. */
  readonly restMs: number;
}

/** As `restMs`, where commands may wait in a queue. */
const queuedRestMs = 60_000;
/** A long statement is asked after no less often than this. */
const askEveryMs = 60_000;

/**
 * One silence: since a connection owes an answer, until something is heard of it. A request or
 * an answer that was lost on the way looks like a long statement, so the server is asked. That
 * it has nothing under way may also be because the answer is just coming, or the request just
 * arriving; so it must say so twice.
 */
export class Silence {
  readonly sinceMs: number;
  readonly #limits: SilenceLimits;
  #askAtMs: number;
  #restSinceMs: number | undefined;

  constructor(sinceMs: number, limits: SilenceLimits) {
    this.sinceMs = sinceMs;
    this.#limits = limits;
    this.#askAtMs = sinceMs + limits.askAfterMs;
  }

  /** Whether the server is to be asked now; the next time is when the silence has doubled. */
  ask(nowMs: number): boolean {
    if (nowMs < this.#askAtMs) return false;
    this.#askAtMs = nowMs + Math.min(nowMs - this.sinceMs, askEveryMs);
    return true;
  }

  /** Whether the answer is lost, now that the server has said this. */
  isLost(standing: Standing, nowMs: number): boolean {
    if (standing === 'busy') {
      this.#restSinceMs = undefined;
      return false;
    }
    this.#restSinceMs ??= nowMs;
    const restMs = standing === 'at_rest' ? this.#limits.restMs : queuedRestMs;
    const untilMs = this.#restSinceMs + restMs;
    if (nowMs >= untilMs) return true;
    this.#askAtMs = untilMs;
    return false;
  }
}
