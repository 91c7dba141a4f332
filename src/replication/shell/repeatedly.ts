import type { Clock, Timer } from '../../base/clock.ts';

/** Runs something again and again, `everyMs` after it has ended, until it is cancelled. */
export function repeatedly(
  clock: Clock,
  everyMs: number,
  run: () => Promise<void>,
  onError: (error: unknown) => void,
): Timer {
  let cancelled = false;
  const schedule = (): Timer =>
    clock.after(everyMs, () => {
      void run()
        .catch(onError)
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
