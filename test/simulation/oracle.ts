import type { Entry } from '../../src/replication/entry.ts';
import { lists } from './lists.ts';
import { dataText, runStatement, type View } from './sim-sql.ts';

/** A promise of the system that did not hold. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

/**
 * What is true: the entries of the log, one after the other, run on one copy that never fails.
 * Every node is compared with it.
 */
export class Oracle {
  /** Data after each entry; index 0 is the empty beginning. */
  readonly #texts: string[] = [''];
  readonly #entries: string[] = [''];
  /** The entries themselves, in the order in which a sole copy has them. */
  #order: Entry[] = [];
  readonly #void = new Set<number>();
  readonly #tokens = new Map<string, number>();
  readonly #refused = new Set<string>();
  /** Lists all of whose tokens are known to be in the log. */
  readonly #sound = new Set<string>();
  readonly #states: ReadonlyMap<string, string>[] = [new Map()];
  #data = new Map<string, string>();

  get lastSeq(): number {
    return this.#texts.length - 1;
  }

  textAt(seq: number): string | undefined {
    return this.#texts[seq];
  }

  /** An entry whose statement fails where the log has it: it takes no effect on any node. */
  isVoid(seq: number): boolean {
    return this.#void.has(seq);
  }

  /** A client was told that its statements take no effect. */
  refuse(token: string): void {
    const seq = this.#tokens.get(token);
    if (seq !== undefined && !this.#void.has(seq)) {
      throw new Violation(`${token} was refused, but is entry ${seq}`);
    }
    this.#refused.add(token);
  }

  /** The entry that carries the token. */
  seqOf(token: string): number | undefined {
    return this.#tokens.get(token);
  }

  learn(entry: Entry): void {
    const text = JSON.stringify(entry.commands.map((command) => command.sql));
    const known = this.#entries[entry.seq];
    if (known !== undefined && entry.seq <= this.lastSeq) {
      if (known !== text) throw new Violation(`entry ${entry.seq} of the log has changed`);
      return;
    }
    if (entry.seq !== this.lastSeq + 1) {
      throw new Violation(`the log has a gap: ${entry.seq} follows ${this.lastSeq}`);
    }
    this.#entries.push(text);
    this.#order.push(entry);
    this.#run(entry);
    this.#texts.push(dataText(this.#data));
    this.#states.push(this.#data);
  }

  /**
   * The sole copy there is has committed entries before others that stand before them in the log:
   * no copy has them in another order, so its own is the true one.
   */
  reorder(position: number, beyond: ReadonlySet<number>): void {
    const applied = ({ seq }: Entry): boolean => seq <= position || beyond.has(seq);
    const missing = this.#order.filter((entry) => !applied(entry));
    missing.sort((a, b) => a.seq - b.seq);
    this.#order = [...this.#order.filter((entry) => applied(entry)), ...missing];
    this.#data = new Map();
    this.#void.clear();
    this.#tokens.clear();
    let highest = 0;
    for (const [index, entry] of this.#order.entries()) {
      this.#run(entry);
      highest = Math.max(highest, entry.seq);
      if (highest !== index + 1) continue;
      this.#texts[highest] = dataText(this.#data);
      this.#states[highest] = this.#data;
    }
  }

  #run(entry: Entry): void {
    const before = this.#data;
    const after = new Map(before);
    const view: View = {
      get: (key) => after.get(key),
      look: (key) => after.get(key),
      set: (key, value) => {
        if (value === undefined) after.delete(key);
        else after.set(key, value);
      },
    };
    for (const { sql, result } of entry.commands) {
      const token = sql.split(' ').at(-1) ?? '';
      const earlier = this.#tokens.get(token);
      if (/^\d/.test(token)) {
        if (earlier !== undefined && earlier !== entry.seq && !this.#void.has(earlier)) {
          throw new Violation(`${sql} is in the log twice: ${earlier} and ${entry.seq}`);
        }
        this.#tokens.set(token, entry.seq);
      }
      const effect = runStatement(sql, view);
      if (effect.kind === 'error' && effect.errno !== result.errno) {
        this.#void.add(entry.seq);
        return;
      }
    }
    this.#data = after;
    const refused = entry.commands.find(({ sql }) =>
      this.#refused.has(sql.split(' ').at(-1) ?? ''),
    );
    if (refused) throw new Violation(`${refused.sql} was refused, but is entry ${entry.seq}`);
  }

  /** The lists after an entry. */
  listsAt(seq: number): (readonly [key: string, list: string])[] {
    return [...(this.#states[seq] ?? [])].filter(([key]) => key.startsWith('l'));
  }

  /** A token in what a server shows that is in no entry. */
  strangerIn(shown: ReadonlyMap<string, string>): string | undefined {
    for (const [key, list] of shown) {
      if (!key.startsWith('l') || this.#sound.has(list)) continue;
      const stranger = lists.tokensOf(list).find((token) => !this.#tokens.has(token));
      if (stranger !== undefined) return stranger;
      this.#sound.add(list);
    }
    return undefined;
  }

  /** Every token that a copy with all entries holds. */
  allTokens(): ReadonlySet<string> {
    return new Set(this.listsAt(this.lastSeq).flatMap(([, list]) => lists.tokensOf(list)));
  }
}
