import { type NodeName, noSeq, type Seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';

/** A position this old is surely durable, whatever a server's flush setting. */
const durableAfterMs = 10_000;

interface Durable {
  /** Surely on the node's disk. */
  readonly seq: Seq;
  /** Will be, once it is old enough. */
  readonly sampled: Seq;
  readonly sampledMs: number;
}

/** How far the log may be cut: only behind what is surely durable on every node. */
export class LogRetention {
  readonly #clock: Clock;
  readonly #durable = new Map<NodeName, Durable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called every now and then with the position of a node that takes part. */
  sample(name: NodeName, position: Seq): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#durable.get(name);
    if (!known) this.#durable.set(name, { seq: noSeq, sampled: position, sampledMs: nowMs });
    else if (nowMs - known.sampledMs >= durableAfterMs) {
      this.#durable.set(name, { seq: known.sampled, sampled: position, sampledMs: nowMs });
    }
  }

  /** The node is given a copy as of `seq`, whatever it had before. */
  keepAfter(name: NodeName, seq: Seq): void {
    this.#durable.set(name, { seq, sampled: seq, sampledMs: this.#clock.nowMs() });
  }

  /** No entry before this one is needed any more. A node never seen needs them all. */
  cutBefore(names: Iterable<NodeName>): Seq {
    let lowest: Seq | undefined;
    for (const name of names) {
      const seq = this.#durable.get(name)?.seq ?? noSeq;
      if (lowest === undefined || seq < lowest) lowest = seq;
    }
    return lowest ?? noSeq;
  }
}
