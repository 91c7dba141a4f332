import type { NodeName, Seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';

export type Acks = 'all' | 'quorum' | 'leader';

/** What acknowledgement looks at: the positions of the in-sync followers. */
export interface FollowerPosition {
  readonly name: NodeName;
  readonly position: Seq;
}

/** `unproven`: the log has the entry, but nobody is left to tell whether it takes effect. */
export type AcknowledgementEnd = 'acknowledged' | 'unproven';

interface Waiting {
  readonly seq: Seq;
  readonly resolve: (end: AcknowledgementEnd) => void;
  /** It is known that the entry takes effect, or how not. */
  proven: boolean;
  /** Its leader broke before proving it: a follower must. */
  leaderless: boolean;
}

/**
 * Holds each client's OK until enough copies have the entry. `all`: the leader and every
 * in-sync follower have committed. `quorum`: a majority of the configured nodes have, or
 * every in-sync one. `leader`: the leader has.
 *
 * A leader proves an entry by confirming its COMMIT and all before it. When it breaks first,
 * the entry is in the log all the same, but its locks may have been gone too early, and then
 * it may fail where the log has it: so its client waits until one follower has passed it.
 */
export class Acknowledgements {
  readonly #acks: () => Acks;
  readonly #waiting = new Map<Seq, Waiting>();
  readonly #followers: () => readonly FollowerPosition[];
  readonly #nodeCount: () => number;
  readonly #readersTold: (() => Promise<void> | undefined) | undefined;

  constructor(options: {
    acks: () => Acks;
    followers: () => readonly FollowerPosition[];
    nodeCount: () => number;
    /** As in ReplicatorOptions. */
    readersTold?: () => Promise<void> | undefined;
  }) {
    this.#acks = options.acks;
    this.#followers = options.followers;
    this.#nodeCount = options.nodeCount;
    this.#readersTold = options.readersTold;
  }

  /** Entries appended whose clients still wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Called in log order. */
  wait(seq: Seq): Promise<AcknowledgementEnd> {
    return new Promise((resolve) => {
      this.#waiting.set(seq, { seq, resolve, proven: false, leaderless: false });
    });
  }

  /** A leader, old or new, has every entry up to `position`. */
  prove(position: Seq): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.seq > position) break;
      waiting.proven = true;
    }
    this.progress();
  }

  /** The leader broke: what it has not proven is for the followers to decide. */
  leaderLost(): void {
    for (const waiting of this.#waiting.values()) waiting.leaderless = true;
    this.progress();
  }

  /** No node is left to prove anything: who waits for what lost its leader hears just that. */
  giveUp(): void {
    for (const waiting of this.#waiting.values()) {
      if (!waiting.leaderless || waiting.proven) continue;
      this.#waiting.delete(waiting.seq);
      waiting.resolve('unproven');
    }
    this.progress();
  }

  /** A follower moved, or the in-sync set changed. */
  progress(): void {
    if (this.#waiting.size === 0) return;
    const positions = this.#followers()
      .map((follower) => follower.position as number)
      .sort((a, b) => b - a);
    const highest = positions[0] ?? Number.NEGATIVE_INFINITY;
    const threshold = this.#threshold(positions);
    for (const waiting of this.#waiting.values()) {
      // Entries wait in log order: behind the first that is not met none is.
      if (waiting.seq > threshold) break;
      if (waiting.leaderless && waiting.seq <= highest) waiting.proven = true;
      if (!waiting.proven) break;
      this.#waiting.delete(waiting.seq);
      this.#acknowledge(waiting);
    }
  }

  /** A node that was not waited for may lack the entry: whoever reads there is called off first. */
  #acknowledge({ resolve }: Waiting): void {
    const told = this.#readersTold?.();
    if (told) void told.then(() => resolve('acknowledged'));
    else resolve('acknowledged');
  }

  /** Highest seq that enough followers have; `positions` in descending order. */
  #threshold(positions: readonly number[]): number {
    const lowest = positions.at(-1);
    const acks = this.#acks();
    if (acks === 'leader' || lowest === undefined) return Number.POSITIVE_INFINITY;
    if (acks === 'all') return lowest;
    // The leader counts as one of the majority.
    const followersNeeded = Math.floor(this.#nodeCount() / 2);
    return positions[followersNeeded - 1] ?? lowest;
  }
}

export const outcomeUnknown = (seq: Seq): LockstepError =>
  new LockstepError(
    'outcome_unknown',
    `the write is entry ${seq} of the command log, but every node was lost before one could ` +
      'tell whether it takes effect',
  );
