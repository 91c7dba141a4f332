import { LockstepError } from '../base/errors.ts';
import { LogUnavailable } from '../log/log-unavailable.ts';

/** The log's refusal as the client is told of it. Its write was rolled back. */
export function notLogged(cause: Error): LockstepError {
  if (cause instanceof LogUnavailable && cause.outcome === 'unknown') {
    const message =
      `${cause.message} The write was rolled back, but its record could not be removed from ` +
      'the disk: if Lockstep ends before the disk is well again, the write may yet take effect.';
    return new LockstepError('log_unavailable', message, { cause });
  }
  if (cause instanceof LockstepError) return cause;
  const message = `the command log cannot take writes: ${cause.message}`;
  return new LockstepError('log_unavailable', message, { cause });
}
