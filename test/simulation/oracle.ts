import type { Entry } from '../../src/replication/entry.ts';
import { dataText, runStatement, tokensOf, type View } from './sim-sql.ts';

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
  readonly #void = new Set<number>();
  readonly #tokens = new Map<string, number>();
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
    this.#run(entry);
    this.#texts.push(dataText(this.#data));
  }

  #run(entry: Entry): void {
    const before = this.#data;
    const after = new Map(before);
    const view: View = {
      get: (key) => after.get(key),
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
  }

  /** Tokens that every copy with all entries must hold. */
  has(token: string): boolean {
    for (const [key, value] of this.#data) {
      if (key.startsWith('l') && tokensOf(value).includes(token)) return true;
    }
    return false;
  }
}
