import { type NodeName, noSeq, type Seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';

/** A position this old is surely durable, whatever a server's flush setting. */
const durableAfterMs = 10_000;
/** Closer together than this, samples tell nothing new. */
const sampleEveryMs = 500;

interface Sample {
  readonly seq: Seq;
  readonly atMs: number;
}

interface Known {
  /** Surely on the node's disk. */
  durable: Seq;
  /** Will be, once they are old enough; ascending in both. */
  samples: Sample[];
}

/** What is surely durable on each node: the log may be cut only behind it. */
export class LogRetention {
  readonly #clock: Clock;
  readonly #known = new Map<NodeName, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called every now and then with the position of a node that takes part. */
  sample(name: NodeName, position: Seq): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#of(name);
    const newest = known.samples.at(-1);
    if (newest === undefined || nowMs - newest.atMs >= sampleEveryMs) {
      known.samples.push({ seq: position, atMs: nowMs });
    }
    while (known.samples[0] && nowMs - known.samples[0].atMs >= durableAfterMs) {
      known.durable = known.samples.shift()!.seq;
    }
  }

  /**
   * The node takes part again from `position` on. Its server may have died and lost what was
   * not durable yet, so what was seen of it before proves nothing about now.
   */
  rejoin(name: NodeName, position: Seq): void {
    const known = this.#of(name);
    known.samples = [];
    if (position < known.durable) known.durable = position;
  }

  /** The node is given a copy as of `seq`, whatever it had before. */
  keepAfter(name: NodeName, seq: Seq): void {
    this.#known.set(name, { durable: seq, samples: [] });
  }

  /** The node is no member any more: nothing is kept for it. */
  forget(name: NodeName): void {
    this.#known.delete(name);
  }

  /** No entry before this one is needed by any of these. A node never seen needs them all. */
  cutBefore(names: Iterable<NodeName>): Seq {
    let lowest: Seq | undefined;
    for (const name of names) {
      const seq = this.#known.get(name)?.durable ?? noSeq;
      if (lowest === undefined || seq < lowest) lowest = seq;
    }
    return lowest ?? noSeq;
  }

  #of(name: NodeName): Known {
    const found = this.#known.get(name) ?? { durable: noSeq, samples: [] };
    this.#known.set(name, found);
    return found;
  }
}
