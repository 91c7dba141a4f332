import { type NodeName, nodeName, type Seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import type { EmbeddedLog } from '../../log/embedded-log.ts';
import { decodeIntent, type Intent } from '../intent.ts';
import type { Replicator } from '../replicator.ts';
import type { Sequencer } from '../sequencer.ts';

export interface TrailingIntentOptions {
  readonly log: EmbeddedLog;
  readonly sequencer: Sequencer;
  readonly clock: Clock;
}

/** How long nobody leads while the node that can tell is away. */
const intentWaitMs = 15_000;

/**
 * A DDL statement that the log announces at its end and does not have: the balancer died while
 * it ran, and only the node that ran it knows whether it took effect. Nobody leads until that
 * node has been asked, or is given up: what is not confirmed by then did not happen.
 */
export class TrailingIntent {
  readonly #options: TrailingIntentOptions;
  #replicator: Replicator | undefined;
  #intent: Intent | undefined;

  constructor(options: TrailingIntentOptions) {
    this.#options = options;
  }

  start(replicator: Replicator): void {
    this.#replicator = replicator;
    const { log, clock } = this.#options;
    if (!log.trailingIntent) return;
    this.#intent = decodeIntent(log.trailingIntent.payload);
    replicator.holdElection(true);
    clock.after(intentWaitMs, () => this.#settle());
  }

  /** The node has been asked. */
  settleFor(name: NodeName): void {
    if (this.#intent?.leader === name) this.#settle();
  }

  /** Logs a DDL statement that took effect just before its leader or the balancer died. */
  async confirm(name: NodeName, seq: Seq): Promise<boolean> {
    const { log, sequencer } = this.#options;
    // Under a leader it is too late: that one does not apply what is logged.
    if (!log.trailingIntent || this.#replicator?.leadership) return false;
    const intent = decodeIntent(log.trailingIntent.payload);
    if (intent.leader !== nodeName(name) || intent.entry.seq !== seq) return false;
    const { durable } = sequencer.append(intent.entry);
    await durable;
    return true;
  }

  #settle(): void {
    if (!this.#intent) return;
    this.#intent = undefined;
    this.#replicator?.holdElection(false);
  }
}
