import type { Clock, Timer } from '../base/clock.ts';
import type { Node } from './node.ts';

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly nodes: () => Iterable<Node>;
  /** Milliseconds that an answer may be owed before the node is reported. */
  readonly afterMs: number;
}

/**
 * A server that is frozen, or cut off without a word, breaks no connection: its statements just
 * stay unanswered. This looks over all connections at intervals, which costs a statement
 * nothing, and reports nodes that owe an answer. A long statement looks the same, so a report
 * is a reason to check the node and no more.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #timer: Timer | undefined;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#schedule();
  }

  #schedule(): void {
    const { clock, nodes, afterMs } = this.#options;
    this.#timer = clock.after(Math.max(10, afterMs / 4), () => {
      const nowMs = clock.nowMs();
      for (const node of nodes()) node.reportSilence(nowMs, afterMs);
      this.#schedule();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
