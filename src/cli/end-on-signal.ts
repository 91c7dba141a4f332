/**
 * Resolves at the first SIGINT, SIGTERM or, unless told otherwise, SIGHUP. A further one calls
 * `endAtOnce` and ends the process with the exit code a shell gives to one that a signal ended.
 */
export function endOnSignal(
  endAtOnce: () => void,
  { hangUpEnds }: { readonly hangUpEnds: boolean } = { hangUpEnds: true },
): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
    for (const [signal, number] of Object.entries(numbers)) {
      if (signal === 'SIGHUP' && !hangUpEnds) continue;
      process.on(signal, () => {
        if (!asked) {
          asked = true;
          resolve();
          return;
        }
        endAtOnce();
        process.exit(128 + number);
      });
    }
  });
}
