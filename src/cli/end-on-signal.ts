/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP. A further one calls `endAtOnce` and ends the
 * process with the exit code a shell gives to one that a signal ended.
 */
export function endOnSignal(endAtOnce: () => void): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
    for (const [signal, number] of Object.entries(numbers)) {
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
