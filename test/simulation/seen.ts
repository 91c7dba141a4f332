import { lists } from './lists.ts';

/** What somebody was shown or told of the lists: whoever looks later must find it all. */
export class Seen {
  readonly #lists = new Map<string, readonly string[]>();

  add(key: string, list: string): void {
    const known = this.#lists.get(key) ?? [];
    if (known.some((other) => lists.continues(other, list))) return;
    this.#lists.set(key, [...known.filter((other) => !lists.continues(list, other)), list]);
  }

  addAll(other: Seen): void {
    for (const [key, known] of other.#lists) for (const list of known) this.add(key, list);
  }

  copy(): Seen {
    const copy = new Seen();
    for (const [key, known] of this.#lists) copy.#lists.set(key, known);
    return copy;
  }

  /** A list, and a token of it, that what is found does not show. */
  missingIn(found: ReadonlyMap<string, string>): { key: string; token: string } | undefined {
    for (const [key, known] of this.#lists) {
      const now = found.get(key);
      for (const list of known) {
        if (lists.continues(now, list)) continue;
        const there = new Set(lists.tokensOf(now));
        const token = lists.tokensOf(list).find((wanted) => !there.has(wanted));
        if (token !== undefined) return { key, token };
      }
    }
    return undefined;
  }
}
