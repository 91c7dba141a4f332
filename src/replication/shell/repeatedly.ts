import type { Clock, Timer } from '../../base/clock.ts';

/**
 * Runs something again and again, `everyMs` after it has ended, until it is cancelled. A failure
 * that is the same as the time before is not told again.
 */
export function repeatedly(
  clock: Clock,
  everyMs: number,
  run: () => Promise<void>,
  onError: (error: unknown) => void,
): Timer {
  let cancelled = false;
  let failure: string | undefined;
  const schedule = (): Timer =>
    clock.after(everyMs, () => {
      void run()
        .then(
          () => {
            failure = undefined;
          },
          (error: unknown) => {
            if (failure !== String(error)) onError(error);
            failure = String(error);
          },
        )
        .then(() => {
          if (!cancelled) timer = schedule();
        });
    });
  let timer = schedule();
  return {
    cancel: () => {
      cancelled = true;
      timer.cancel();
    },
  };
}
