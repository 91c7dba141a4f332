/** One list: what came before, and its last item. */
interface Known {
  readonly before: string | undefined;
  readonly token: string;
  readonly length: number;
  /** The last token stands in it before already. */
  readonly twice: boolean;
}

/**
 * The lists that simulated servers hold, each under a short name: equal names mean equal lists,
 * so that servers with long lists are compared as fast as those with short ones.
 */
class Lists {
  #known: Known[] = [];
  #names = new Map<string, string>();

  /** A run begins: names mean nothing any more. */
  clear(): void {
    this.#known = [];
    this.#names = new Map();
  }

  /** The list with one item more: a token, and what its statement saw. */
  append(before: string | undefined, token: string, saw = ''): string {
    const key = `${before ?? ''}+${token}@${saw}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = `[${this.#known.length}]`;
    const twice = this.has(before, token) || (before !== undefined && this.#get(before).twice);
    this.#known.push({ before, token, length: this.lengthOf(before) + 1, twice });
    this.#names.set(key, name);
    return name;
  }

  lengthOf(name: string | undefined): number {
    return name === undefined ? 0 : this.#get(name).length;
  }

  /** Whether something stands in it twice. */
  repeats(name: string | undefined): boolean {
    return name !== undefined && this.#get(name).twice;
  }

  has(name: string | undefined, token: string): boolean {
    for (const found of this.#backwards(name)) if (found.token === token) return true;
    return false;
  }

  tokensOf(name: string | undefined): string[] {
    return [...this.#backwards(name)].map(({ token }) => token).toReversed();
  }

  /** Whether `longer` is `shorter` with more at its end, or with nothing more. */
  continues(longer: string | undefined, shorter: string): boolean {
    const length = this.lengthOf(shorter);
    let at = longer;
    while (at !== undefined && this.lengthOf(at) > length) at = this.#get(at).before;
    return at === shorter;
  }

  *#backwards(name: string | undefined): Generator<Known> {
    for (let at = name; at !== undefined; ) {
      const known = this.#get(at);
      yield known;
      at = known.before;
    }
  }

  #get(name: string): Known {
    const known = this.#known[Number(name.slice(1, -1))];
    if (!known) throw new Error(`${name} is no list`);
    return known;
  }
}

/** One run at a time: `clear` begins the next. */
export const lists = new Lists();
