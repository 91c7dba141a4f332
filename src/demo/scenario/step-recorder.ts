import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../base/clock.ts';

/** One thing the scenario claims, with what it saw. */
export interface ScenarioStep {
  readonly title: string;
  readonly expected: unknown;
  /** `error: …` when looking failed. */
  readonly found: unknown;
  readonly passed: boolean;
}

export interface StepRecorderOptions {
  readonly report: (step: ScenarioStep) => void;
  readonly signal?: AbortSignal | undefined;
}

const deadlineMs = 45_000;
const pollMs = 25;

/** Compares what is expected with what is found, step by step, and counts. */
export class StepRecorder {
  readonly #options: StepRecorderOptions;
  passed = 0;
  failed = 0;

  constructor(options: StepRecorderOptions) {
    this.#options = options;
  }

  /** Looks once. */
  async check(title: string, expected: unknown, find: () => unknown): Promise<void> {
    this.#options.signal?.throwIfAborted();
    this.#record({ title, expected, found: await attempt(find) });
  }

  /** Looks until it is as expected, for 45 s at most; what is found last counts. */
  async eventually(title: string, expected: unknown, find: () => unknown): Promise<void> {
    const endMs = systemClock.nowMs() + deadlineMs;
    for (;;) {
      this.#options.signal?.throwIfAborted();
      const found = await attempt(find);
      if (isDeepStrictEqual(found, expected) || systemClock.nowMs() > endMs) {
        this.#record({ title, expected, found });
        return;
      }
      await delay(pollMs);
    }
  }

  #record(step: Omit<ScenarioStep, 'passed'>): void {
    this.#options.signal?.throwIfAborted();
    const passed = isDeepStrictEqual(step.found, step.expected);
    if (passed) this.passed += 1;
    else this.failed += 1;
    this.#options.report({ ...step, passed });
  }
}

async function attempt(find: () => unknown): Promise<unknown> {
  try {
    return await find();
  } catch (error) {
    return `error: ${error instanceof Error ? error.message : String(error)}`;
  }
}
