import type { NodeName, Seq } from '../base/brands.ts';

export type Acks = 'all' | 'quorum' | 'leader';

/** What acknowledgement looks at: the positions of the in-sync followers. */
export interface FollowerPosition {
  readonly name: NodeName;
  readonly position: Seq;
}

interface Waiting {
  readonly seq: Seq;
  readonly resolve: () => void;
  leaderDone: boolean;
}

/**
 * Holds each client's OK until enough copies have the entry. `all`: the leader and every
 * in-sync follower have committed. `quorum`: a majority of the configured nodes have, or
 * every in-sync one. `leader`: the leader has. When the leader breaks after the append, the
 * entry is committed all the same and the followers alone decide.
 */
export class Acknowledgements {
  #acks: Acks;
  readonly #waiting = new Map<Seq, Waiting>();
  readonly #followers: () => readonly FollowerPosition[];
  readonly #nodeCount: () => number;

  constructor(options: {
    acks: Acks;
    followers: () => readonly FollowerPosition[];
    nodeCount: () => number;
  }) {
    this.#acks = options.acks;
    this.#followers = options.followers;
    this.#nodeCount = options.nodeCount;
  }

  /** Entries appended whose clients still wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  wait(seq: Seq): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(seq, { seq, resolve, leaderDone: false });
    });
  }

  /** The leader's COMMIT of `seq` is confirmed, or will never be (it broke). */
  leaderDone(seq: Seq): void {
    const waiting = this.#waiting.get(seq);
    if (!waiting) return;
    waiting.leaderDone = true;
    this.#settle(waiting, this.#threshold());
  }

  /** A follower moved, or the in-sync set changed. */
  progress(): void {
    if (this.#waiting.size === 0) return;
    const threshold = this.#threshold();
    for (const waiting of this.#waiting.values()) {
      // Entries wait in log order: behind the first that is not met none is.
      if (waiting.seq > threshold) break;
      this.#settle(waiting, threshold);
    }
  }

  #settle(waiting: Waiting, threshold: number): void {
    if (!waiting.leaderDone || waiting.seq > threshold) return;
    this.#waiting.delete(waiting.seq);
    waiting.resolve();
  }

  /** Highest seq that enough followers have. */
  #threshold(): number {
    if (this.#acks === 'leader') return Number.POSITIVE_INFINITY;
    const positions = this.#followers().map((follower) => follower.position as number);
    if (positions.length === 0) return Number.POSITIVE_INFINITY;
    positions.sort((a, b) => b - a);
    const lowest = positions.at(-1) ?? Number.POSITIVE_INFINITY;
    if (this.#acks === 'all') return lowest;
    // The leader counts as one of the majority.
    const followersNeeded = Math.floor(this.#nodeCount() / 2);
    return positions[followersNeeded - 1] ?? lowest;
  }
}
