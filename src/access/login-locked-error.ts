import { LockstepError } from '../base/errors.ts';

/** Too many wrong passwords; nothing is tried before `retryAfterMs` are over. */
export class LoginLockedError extends LockstepError {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    const seconds = Math.ceil(retryAfterMs / 1000);
    super('too_many_denied_logins', `too many wrong passwords; try again in ${seconds} s`);
    this.retryAfterMs = retryAfterMs;
  }
}
