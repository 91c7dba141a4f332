import { unreachable } from '../base/assert.ts';
import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { HealthObserver } from './health-observer.ts';

export type RecoveryOutcome =
  | { readonly kind: 'in_sync' }
  /** The signal was heard. */
  | { readonly kind: 'aborted' }
  /** The node is out for a reason that its server being up does not mend. */
  | { readonly kind: 'not_due' }
  /** `retry`: whether trying again may help; if not, an operator must act. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retry: boolean };

export interface RecoveryManagerOptions {
  readonly clock: Clock;
  /** Brings the node up to date; ends soon after `signal` is aborted. A rejection is a failure. */
  recover(node: NodeName, signal: AbortSignal): Promise<RecoveryOutcome>;
  /** Pause after the first failure; doubled with each further one. 500 unless given. */
  readonly retryDelayMs?: number;
  /** Longest pause between two attempts. 30 s unless given. */
  readonly retryDelayMaxMs?: number;
  /** Hears how each attempt ended, for events and the log. */
  readonly onOutcome?: (node: NodeName, outcome: RecoveryOutcome) => void;
}

interface Recovery {
  /** Whether the node is up, and so recovery is wanted. */
  wanted: boolean;
  abort: AbortController;
  /** Ends the pause between two attempts, when there is one. */
  endPause: (() => void) | undefined;
  readonly ended: Promise<void>;
}

/**
 * The observer that brings a node back: on node up it starts the recovery, on node down it
 * aborts it, and after a failure it tries again while the node stays up. There is never more
 * than one recovery of a node: if the node went down and up again, the next one begins when the
 * aborted one has ended.
 */
export class RecoveryManager implements HealthObserver {
  readonly #options: RecoveryManagerOptions;
  readonly #recoveries = new Map<NodeName, Recovery>();
  #stopped = false;

  constructor(options: RecoveryManagerOptions) {
    this.#options = options;
  }

  /** The nodes with a recovery under way or waiting for its next attempt. */
  get recovering(): readonly NodeName[] {
    return [...this.#recoveries.keys()];
  }

  /** Also for an operator who enables a node that is up, or does not want to await the pause. */
  onNodeUp(node: NodeName): void {
    if (this.#stopped) return;
    const running = this.#recoveries.get(node);
    if (running !== undefined) {
      running.wanted = true;
      running.endPause?.();
      return;
    }
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const recovery: Recovery = {
      wanted: true,
      abort: new AbortController(),
      endPause: undefined,
      ended: begun.then(() => this.#run(node, recovery)),
    };
    this.#recoveries.set(node, recovery);
    begin();
  }

  onNodeDown(node: NodeName, reason: string): void {
    const recovery = this.#recoveries.get(node);
    if (recovery === undefined) return;
    recovery.wanted = false;
    recovery.abort.abort(new Error(`${node} is down: ${reason}`));
    recovery.endPause?.();
  }

  /** Aborts the recovery of a node that is no more; resolves when it has ended. */
  async forget(node: NodeName): Promise<void> {
    const recovery = this.#recoveries.get(node);
    this.onNodeDown(node, 'it was removed');
    await recovery?.ended;
  }

  /** Aborts every recovery; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const recoveries = [...this.#recoveries];
    for (const [node] of recoveries) this.onNodeDown(node, 'Lockstep is stopping');
    await Promise.all(recoveries.map(([, recovery]) => recovery.ended));
  }

  async #run(node: NodeName, recovery: Recovery): Promise<void> {
    const { retryDelayMs = 500, retryDelayMaxMs = 30_000 } = this.#options;
    let delayMs = retryDelayMs;
    while (recovery.wanted) {
      // A node that came back meanwhile begins anew: with a live signal and the first pause.
      if (recovery.abort.signal.aborted) {
        recovery.abort = new AbortController();
        delayMs = retryDelayMs;
      }
      const { signal } = recovery.abort;
      const outcome = await this.#attempt(node, signal);
      if (signal.aborted) continue;
      if (!shouldRetry(outcome)) break;
      await this.#pause(recovery, delayMs);
      delayMs = Math.min(delayMs * 2, retryDelayMaxMs);
    }
    this.#recoveries.delete(node);
  }

  async #attempt(node: NodeName, signal: AbortSignal): Promise<RecoveryOutcome> {
    let outcome: RecoveryOutcome;
    try {
      outcome = await this.#options.recover(node, signal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      outcome = signal.aborted ? { kind: 'aborted' } : { kind: 'failed', reason, retry: true };
    }
    this.#options.onOutcome?.(node, outcome);
    return outcome;
  }

  #pause(recovery: Recovery, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, () => recovery.endPause?.());
      recovery.endPause = () => {
        timer.cancel();
        recovery.endPause = undefined;
        resolve();
      };
    });
  }
}

/** An abort that nobody asked for is tried again like a failure that may pass. */
function shouldRetry(outcome: RecoveryOutcome): boolean {
  switch (outcome.kind) {
    case 'in_sync':
    case 'not_due':
      return false;
    case 'aborted':
      return true;
    case 'failed':
      return outcome.retry;
    default:
      return unreachable(outcome);
  }
}
