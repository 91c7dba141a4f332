import { noSeq, type Seq } from '../base/brands.ts';
import type { CommandResult } from './command.ts';
import { compareResults, type FollowerResult } from './compare-results.ts';
import type { Entry } from './entry.ts';

interface Undecided {
  readonly seq: Seq;
  readonly resolve: () => void;
}

/**
 * What followers are compared with. Normally that is the result the leader got. It proves
 * something once the leader has confirmed the COMMIT of the entry and of every entry before
 * it: then each transaction held its locks until it was logged. When a leader's connection
 * broke in between, its locks may have been gone before its entry was logged; so for it, and
 * for what was logged after it in the same epoch, the first follower's results take that
 * place. While a term lasts, an entry that is not confirmed may still turn out either way.
 */
export class ResultEvidence {
  readonly #unreliableFrom = new Map<number, Seq>();
  readonly #replacements = new Map<string, CommandResult>();
  #epoch: number | undefined;
  #firstEpoch: number | undefined;
  #provenUpTo: Seq = noSeq;
  #undecided: Undecided[] = [];

  /** Whether the term is one of this process: of earlier ones only the log can tell. */
  knows(epoch: number): boolean {
    return this.#firstEpoch !== undefined && epoch >= this.#firstEpoch;
  }

  /** A term begins; its leader has everything up to `position`. */
  begin(epoch: number, position: Seq): void {
    this.#epoch = epoch;
    this.#firstEpoch ??= epoch;
    this.#provenUpTo = position;
  }

  /** The leader of the term has confirmed everything up to `position`. */
  prove(position: Seq): void {
    this.#provenUpTo = position;
    this.#decide((seq) => seq <= position);
  }

  /** The term ends: from `seq` on, results recorded in it are no evidence. */
  distrust(epoch: number, seq: Seq): void {
    this.#unreliableFrom.set(epoch, seq);
    if (this.#epoch !== epoch) return;
    this.#epoch = undefined;
    this.#decide(() => true);
  }

  /**
   * How a follower's answer differs from what is expected; undefined when it agrees. A
   * difference is a verdict only after `decided(entry)` has resolved.
   */
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

  /** Resolves when it is known whether the entry's recorded results are evidence. */
  decided(entry: Entry): Promise<void> {
    if (entry.epoch !== this.#epoch || entry.seq <= this.#provenUpTo) return Promise.resolve();
    return new Promise((resolve) => this.#undecided.push({ seq: entry.seq, resolve }));
  }

  #decide(isDecided: (seq: Seq) => boolean): void {
    if (this.#undecided.length === 0) return;
    const decided = this.#undecided.filter(({ seq }) => isDecided(seq));
    this.#undecided = this.#undecided.filter(({ seq }) => !isDecided(seq));
    for (const { resolve } of decided) resolve();
  }
}
