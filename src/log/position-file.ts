import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeName, Seq } from '../base/brands.ts';

/**
 * The last position known of each node, so that after a restart the pending entries of a node
 * that is down can still be told. A convenience: the truth is the nodes' own markers, and a
 * position here is never higher than the node's.
 */
export class PositionFile {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, 'positions.json');
  }

  async read(): Promise<Map<NodeName, Seq>> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      if (typeof parsed !== 'object' || parsed === null) return new Map();
      return new Map(
        Object.entries(parsed).filter((pair): pair is [NodeName, Seq] => Number.isInteger(pair[1])),
      );
    } catch {
      // Absent or unreadable: positions are then unknown until the nodes come back.
      return new Map();
    }
  }

  /** Writes beside and renames, so that a reader never sees half of it. Never rejects. */
  write(positions: ReadonlyMap<NodeName, Seq>): Promise<void> {
    const text = `${JSON.stringify(Object.fromEntries(positions))}\n`;
    this.#writing = this.#writing.then(async () => {
      try {
        await writeFile(`${this.#path}.tmp`, text);
        await rename(`${this.#path}.tmp`, this.#path);
      } catch {
        // The log itself reports a disk that fails; this file can be done without.
      }
    });
    return this.#writing;
  }
}
