/** A pending timer; `cancel` may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as it is passed in: rooms that decide never read the process clock, so that a
 * simulation can own it. `nowMs` is monotonic and is for durations; `wallMs` is the
 * calendar (milliseconds since 1970) and is for what people and databases see.
 */
export interface Clock {
  nowMs(): number;
  wallMs(): number;
  after(delayMs: number, run: () => void): Timer;
}

/** A duration as it is told: in milliseconds, to the microsecond. */
export const toldMs = (ms: number): number => Math.round(ms * 1000) / 1000;

export const elapsedMs = (clock: Clock, startedMs: number): number =>
  toldMs(clock.nowMs() - startedMs);

/** Taken once: the global is an accessor, which costs a call of its own. */
const monotonic = performance;

export const systemClock: Clock = {
  nowMs: () => monotonic.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Milliseconds since 1970 as people and JSON read it. */
export const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();

/** For libraries that take a Date. */
export const dateOf = (wallMs: number): Date => new Date(wallMs);

/** Milliseconds since 1970 of a time as certificates write it, "Nov 24 16:00:00 2036 GMT". */
export const wallMsOf = (text: string): number => Date.parse(text);
