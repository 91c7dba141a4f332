import { setImmediate as oneTurn } from 'node:timers/promises';
import { expect } from 'vitest';

/** Clients that do the same thing again and again until they are stopped. */
export interface Load {
  /** How often it was done. */
  readonly done: number;
  /** Some client failed: `stop` says how. */
  readonly failed: boolean;
  /** Lets each end what it is at; rejects with the first failure that there was. */
  stop(): Promise<void>;
}

/** Starts `count` clients, each with one `step` under way; a step that fails ends its client. */
export function workers(count: number, step: (client: number) => Promise<void>): Load {
  let done = 0;
  const state = { running: true, failed: false };
  const work = async (client: number): Promise<void> => {
    while (state.running) {
      await step(client);
      done++;
      await oneTurn();
    }
  };
  const all = Promise.all(Array.from({ length: count }, (_, client) => work(client)));
  // A failure is told by `stop`; until then it must not end the process.
  all.catch(() => {
    state.failed = true;
  });
  return {
    get done() {
      return done;
    },
    get failed() {
      return state.failed;
    },
    async stop() {
      state.running = false;
      await all;
    },
  };
}

const deadlineMs = 60_000;

/** Waits until a condition holds; fails after a minute. */
export function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  return expect.poll(condition, { timeout: deadlineMs, interval: 10 }).toBe(true);
}
