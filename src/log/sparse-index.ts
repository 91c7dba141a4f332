import type { Seq } from '../base/brands.ts';

/**
 * Where in a segment to begin reading for a seq: one place per 64 KiB, so that finding an
 * entry costs one small read, and a segment of 64 MiB costs 1,000 places of memory.
 */
export class SparseIndex {
  static readonly strideBytes = 64 * 1024;
  /** Parallel and ascending; the first place is the segment's first record. */
  readonly #seqs: number[];
  readonly #offsets: number[];

  constructor(first: { readonly seq: Seq; readonly offset: number }) {
    this.#seqs = [first.seq];
    this.#offsets = [first.offset];
  }

  /** Takes note of the entry if it is a stride away from the last place; call in order. */
  add(seq: Seq, offset: number): void {
    if (offset - this.#offsets[this.#offsets.length - 1]! < SparseIndex.strideBytes) return;
    this.#seqs.push(seq);
    this.#offsets.push(offset);
  }

  /** The offset of a record at or before the entry `seq`. */
  floor(seq: Seq): number {
    let low = 0;
    let high = this.#seqs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#seqs[middle]! <= seq) low = middle;
      else high = middle - 1;
    }
    return this.#offsets[low]!;
  }

  /** The places after the first, as the seal of the segment keeps them. */
  *places(): Generator<{ seq: number; offset: number }> {
    for (let at = 1; at < this.#seqs.length; at++) {
      yield { seq: this.#seqs[at]!, offset: this.#offsets[at]! };
    }
  }

  get length(): number {
    return this.#seqs.length;
  }
}
