import type { Seq } from '../base/brands.ts';
import type { CommandResult } from './command.ts';
import { compareResults, type FollowerResult } from './compare-results.ts';
import type { Entry } from './entry.ts';

/**
 * What followers are compared with. Normally that is the result the leader got. But when a
 * leader's connection broke after the append and before the COMMIT was confirmed, its locks
 * may have been gone before its entry was logged, so for it, and for what was logged after
 * it in the same epoch, the first follower's results take that place.
 */
export class ResultEvidence {
  readonly #unreliableFrom = new Map<number, Seq>();
  readonly #replacements = new Map<string, CommandResult>();

  /** From `seq` on, results recorded in `epoch` are no evidence. */
  distrust(epoch: number, seq: Seq): void {
    const known = this.#unreliableFrom.get(epoch);
    if (known === undefined || seq < known) this.#unreliableFrom.set(epoch, seq);
  }

  /** How a follower's answer differs from what is expected; undefined when it agrees. */
  check(entry: Entry, commandIndex: number, found: FollowerResult): string | undefined {
    const command = entry.commands[commandIndex];
    if (!command) return 'the entry has no such command';
    const from = this.#unreliableFrom.get(entry.epoch);
    if (from === undefined || entry.seq < from) return compareResults(command.result, found);
    const key = `${entry.seq}/${commandIndex}`;
    const expected = this.#replacements.get(key);
    if (expected) return compareResults(expected, found);
    this.#replacements.set(key, {
      affectedRows: found.affectedRows,
      insertId: found.insertId,
      errno: found.errno,
      comparable: 'exact',
    });
    return undefined;
  }
}
