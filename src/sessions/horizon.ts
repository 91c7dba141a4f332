import { type NodeName, noSeq, type Seq } from '../base/brands.ts';

/** A node as a session that wants to read there sees it. */
export interface ReadPlace {
  readonly name: NodeName;
  /** Everything up to here is committed on it. */
  readonly position: number;
  /** Nothing beyond this is. */
  readonly visible: Seq;
}

/** What a session has seen and written so far, as a place in the log: it never sees less again. */
export class Horizon {
  #seq: Seq = noSeq;
  #lastNode: NodeName | undefined;
  /** What `#seq` was after the latest read. */
  #lastNodeSeq: Seq = noSeq;

  /** A read must show everything up to here. */
  get seq(): Seq {
    return this.#seq;
  }

  /** A write of its own was acknowledged as this entry. */
  wrote(seq: Seq): void {
    if (seq > this.#seq) this.#seq = seq;
  }

  /** It was told something of what is in the log up to `visible`, and not by the node read last. */
  told(visible: Seq): void {
    this.wrote(visible);
    // Where that was, not all need be that was seen elsewhere.
    this.#lastNode = undefined;
  }

  /**
   * It read on a node that has all that was seen before, and nothing beyond `visible`, but may
   * have all that.
   */
  read(node: NodeName, visible: Seq): void {
    if (visible > this.#seq) this.#seq = visible;
    this.#lastNode = node;
    this.#lastNodeSeq = this.#seq;
  }

  /** Whether a read there shows everything seen before. */
  isMetBy({ name, position, visible }: ReadPlace): boolean {
    if (position >= this.#seq) return true;
    // The node read last has all that was seen there, if nothing was seen elsewhere since.
    return name === this.#lastNode && this.#lastNodeSeq === this.#seq && visible >= this.#seq;
  }
}
