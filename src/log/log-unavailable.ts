import { LockstepError } from '../base/errors.ts';

/**
 * Whether the rejected record may still turn up after a restart. `not_written`: it is not on
 * the disk. `unknown`: the disk failed in a way that leaves it open until `heal()` succeeds
 * (then it is not there) or the log is opened again (then the log itself is the truth).
 */
export type AppendOutcome = 'not_written' | 'unknown';

/** An append that was not made durable. */
export class LogUnavailable extends LockstepError {
  readonly outcome: AppendOutcome;

  constructor(outcome: AppendOutcome, reason: string, options?: { cause?: unknown }) {
    super('log_unavailable', `The command log takes no writes: ${reason}.`, options);
    this.name = 'LogUnavailable';
    this.outcome = outcome;
  }
}
