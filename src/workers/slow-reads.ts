/** One slow read in so many says more of the machine than of the statement. */
const readsBetweenMin = 2000;

/** Tells statements that are slow often from those that were once. */
export class SlowReads {
  /** How many reads of all there had been at the latest slow one, by key. */
  readonly #last = new Map<string, number>();
  #reads = 0;

  read(): void {
    this.#reads += 1;
  }

  /** A read with this key was slow: whether the one before was so not long ago. */
  isOften(key: string): boolean {
    const last = this.#last.get(key);
    this.#last.set(key, this.#reads);
    return last !== undefined && this.#reads - last < readsBetweenMin;
  }

  clear(): void {
    this.#last.clear();
  }
}
