import type { NodeName } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import type { EventLog } from '../../telemetry/event-log.ts';
import type { Replicator } from '../replicator.ts';
import type { ResyncManager } from './resync-manager.ts';

export interface AutomaticResyncOptions {
  readonly enabled: () => boolean;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly replicator: Replicator;
  readonly resyncs: ResyncManager;
}

const perHourMax = 3;
const hourMs = 60 * 60_000;
const sourcePollMs = 100;

/**
 * Fills nodes anew without being asked, as soon as there is a node to copy from. A node for
 * which this happens too often has a fault of its own, so it is left to the operator.
 */
export class AutomaticResync {
  readonly #options: AutomaticResyncOptions;
  readonly #plannedAtMs = new Map<NodeName, number[]>();
  readonly #wanted = new Set<NodeName>();
  readonly #waiting = new Set<NodeName>();
  #closed = false;

  constructor(options: AutomaticResyncOptions) {
    this.#options = options;
  }

  /** A member's data was found unfit. Whether it is to be filled anew by itself. */
  plan(name: NodeName): boolean {
    const { enabled, clock } = this.#options;
    if (!enabled()) return false;
    if (this.#wanted.has(name)) return true;
    const nowMs = clock.nowMs();
    const lately = (this.#plannedAtMs.get(name) ?? []).filter((atMs) => nowMs - atMs < hourMs);
    if (lately.length >= perHourMax) return false;
    this.#plannedAtMs.set(name, [...lately, nowMs]);
    this.#wanted.add(name);
    return true;
  }

  /** The operator named the source that the node is to become a copy of. */
  request(name: NodeName): void {
    this.#wanted.add(name);
  }

  /** It is in sync, or the operator decided otherwise. */
  forget(name: NodeName): void {
    this.#wanted.delete(name);
  }

  /** Begins what was planned; for a node that did not answer, call again when it is back. */
  begin(name: NodeName): void {
    if (this.#waiting.has(name)) return;
    this.#waiting.add(name);
    this.#begin(name)
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.events.publish({ kind: 'resync_failed', node: name, reason });
      })
      .finally(() => this.#waiting.delete(name));
  }

  close(): void {
    this.#closed = true;
  }

  async #begin(name: NodeName): Promise<void> {
    const { resyncs, replicator } = this.#options;
    const isWanted = (): boolean =>
      !this.#closed && this.#wanted.has(name) && !resyncs.running(name);
    while (isWanted() && !resyncs.hasSource(name)) {
      await replicator.positionChanged(sourcePollMs);
    }
    if (isWanted()) await resyncs.start(name);
  }
}
