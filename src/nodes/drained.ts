import type { Writable } from 'node:stream';

/**
 * Resolves when what waits to be sent has gone, or can go no more. `'drain'` comes only after a
 * `write` that returned false.
 */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writableNeedDrain) return resolve();
    const go = (): void => {
      stream.off('drain', go);
      stream.off('close', go);
      resolve();
    };
    stream.on('drain', go);
    stream.on('close', go);
  });
}
