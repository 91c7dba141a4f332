import { afterAll, test } from 'vitest';
import { type CrashCell, matrixText } from './matrix.ts';

/** What cells run on: servers and a balancer, good for many cells as long as none goes wrong. */
export interface Crashes {
  /** Throws an error that says what was wrong; otherwise what is worth telling. */
  run(cell: CrashCell): Promise<string>;
  close(): Promise<void>;
}

/** A test for each cell; the table of all comes at the end. After one that went wrong: anew. */
export function runCells(cells: readonly CrashCell[], open: () => Promise<Crashes>): void {
  const results = new Map<CrashCell, string>();
  let crashes: Crashes | undefined;

  afterAll(async () => {
    await crashes?.close();
    if (results.size > 0) console.log(`\n${matrixText(results)}\n`);
  });

  test.each(cells)('$name', { timeout: 300_000 }, async (cell) => {
    crashes ??= await open();
    try {
      results.set(cell, await crashes.run(cell));
    } catch (error) {
      results.set(cell, error instanceof Error ? error.message : String(error));
      const broken = crashes;
      crashes = undefined;
      await broken.close();
      throw error;
    }
  });
}
