import { assert } from '../../base/assert.ts';

/** What is kept under one key. */
export interface Kept<T> {
  readonly value: T;
  readonly bytes: number;
}

interface Place<T> extends Kept<T> {
  readonly shelf: Map<string, Place<T>>;
  readonly key: string;
  /** Asked for after it, and before it; at the ends the store itself. */
  newer: Place<T> | undefined;
  older: Place<T> | undefined;
}

/** Keys of one kind, of which the store keeps some. */
export type Shelf<T> = Map<string, Place<T>>;

/**
 * Values on shelves, all together within a number of bytes: what was not asked for the longest
 * gives way. A hit costs one look-up and moves four references.
 */
export class AnswerStore<T> {
  #newest: Place<T> | undefined;
  #oldest: Place<T> | undefined;
  #bytes = 0;
  #count = 0;
  #evictions = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** How many gave way for others, since the start. */
  get evictions(): number {
    return this.#evictions;
  }

  get(shelf: Shelf<T>, key: string): T | undefined {
    const place = shelf.get(key);
    if (!place) return undefined;
    if (place !== this.#newest) {
      this.#unlink(place);
      this.#link(place);
    }
    return place.value;
  }

  /** Takes the place of what was there. One that is larger than all may be is not kept. */
  put(shelf: Shelf<T>, key: string, { value, bytes }: Kept<T>, bytesMax: number): void {
    this.remove(shelf, key);
    if (bytes > bytesMax) return;
    const place: Place<T> = { value, bytes, shelf, key, newer: undefined, older: undefined };
    shelf.set(key, place);
    this.#link(place);
    this.#bytes += bytes;
    this.#count += 1;
    this.shrink(bytesMax);
  }

  remove(shelf: Shelf<T>, key: string): void {
    const place = shelf.get(key);
    if (!place) return;
    shelf.delete(key);
    this.#unlink(place);
    this.#bytes -= place.bytes;
    this.#count -= 1;
  }

  removeAll(shelf: Shelf<T>): void {
    for (const key of shelf.keys()) this.remove(shelf, key);
  }

  shrink(bytesMax: number): void {
    while (this.#bytes > bytesMax) {
      const oldest = this.#oldest;
      assert(oldest, 'what takes bytes is there');
      this.remove(oldest.shelf, oldest.key);
      this.#evictions += 1;
    }
  }

  /** Also whoever still has a shelf holds nothing by it any more. */
  clear(): void {
    for (let place = this.#oldest; place; place = place.newer) place.shelf.clear();
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#bytes = 0;
    this.#count = 0;
  }

  #link(place: Place<T>): void {
    const before = this.#newest;
    place.older = before;
    place.newer = undefined;
    if (before) before.newer = place;
    else this.#oldest = place;
    this.#newest = place;
  }

  #unlink(place: Place<T>): void {
    const { newer, older } = place;
    if (newer) newer.older = older;
    else this.#newest = older;
    if (older) older.newer = newer;
    else this.#oldest = newer;
  }
}
