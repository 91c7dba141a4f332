import { assert } from '../base/assert.ts';
import type { NodeName } from '../base/brands.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { HealthCheck, HealthCheckResult } from './health-check.ts';
import type { HealthObserver } from './health-observer.ts';
import { type HealthChange, NodeHealth, type HealthState } from './node-health.ts';

/** Its numbers are read anew at each use. */
export interface HealthMonitorOptions {
  readonly clock: Clock;
  readonly check: HealthCheck;
  /** Between the beginnings of two active checks of a node. */
  readonly intervalMs: number;
  /** A check without an answer after this has failed. */
  readonly timeoutMs: number;
  /** Failed active checks in a row that take a node out; 1 unless given. */
  readonly fall?: number;
  /** Good checks in a row that bring a node back; 2 unless given. */
  readonly rise?: number;
  /** Told of an observer that threw; without it the error becomes an uncaught exception. */
  readonly onFault?: (error: unknown) => void;
}

/** A node's health for API and metrics. */
export interface HealthSnapshot {
  readonly node: NodeName;
  readonly state: HealthState;
  readonly lastResult: HealthCheckResult | undefined;
  /** Monotonic, on the monitor's clock; undefined before the first check has ended. */
  readonly lastCheckedMs: number | undefined;
}

interface RunningCheck {
  readonly abort: AbortController;
  readonly deadline: Timer;
}

interface Watched {
  readonly node: NodeName;
  readonly health: NodeHealth;
  /** Fraction of the interval, so that the nodes are not all checked at the same moment. */
  readonly phase: number;
  checks: number;
  running: RunningCheck | undefined;
  /** A connection broke while a check was under way: that check may have asked too early. */
  suspicion: string | undefined;
  timer: Timer | undefined;
  lastResult: HealthCheckResult | undefined;
  lastCheckedMs: number | undefined;
}

/** While a node is coming up its checks follow each other this fast, or faster. */
const comingUpIntervalMs = 500;

/** Spreads any number of phases evenly over the interval: multiples of the golden ratio. */
const goldenRatio = 0.618_033_988_749_895;

/**
 * The subject of the Observer pattern: checks every watched node, at intervals and whenever
 * traffic had trouble with it, and tells the observers which nodes go down and come up.
 */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #observers = new Set<HealthObserver>();
  readonly #watched = new Map<NodeName, Watched>();
  #watchedEver = 0;
  #stopped = false;

  constructor(options: HealthMonitorOptions) {
    assert(options.intervalMs > 0 && options.timeoutMs > 0, 'intervals are longer than nothing');
    this.#options = options;
  }

  /** Returns the function that ends the subscription. What was found before is not repeated. */
  subscribe(observer: HealthObserver): () => void {
    this.#observers.add(observer);
    return () => {
      this.#observers.delete(observer);
    };
  }

  /** Begins to check the node, first at once. Nothing happens if it is watched already. */
  watch(node: NodeName): void {
    if (this.#stopped || this.#watched.has(node)) return;
    const watched: Watched = {
      node,
      health: new NodeHealth(this.#options),
      phase: (this.#watchedEver * goldenRatio) % 1,
      checks: 0,
      running: undefined,
      suspicion: undefined,
      timer: undefined,
      lastResult: undefined,
      lastCheckedMs: undefined,
    };
    this.#watchedEver += 1;
    this.#watched.set(node, watched);
    this.#check(watched, undefined);
  }

  /** Ends the checks of the node; the observers hear nothing. */
  unwatch(node: NodeName): void {
    const watched = this.#watched.get(node);
    if (watched === undefined) return;
    this.#watched.delete(node);
    watched.timer?.cancel();
    watched.running?.deadline.cancel();
    watched.running?.abort.abort();
    watched.running = undefined;
  }

  /**
   * The passive path: a connection to the node was refused or broke. The node is checked at
   * once, and one failure takes it out. Cheap: many reports at a time make one check, or one
   * more after that which is under way. Nothing to do for a node that is down already.
   */
  suspect(node: NodeName, reason: string): void {
    const watched = this.#watched.get(node);
    if (watched === undefined || watched.health.state === 'down') return;
    if (watched.running !== undefined) watched.suspicion = reason;
    else this.#check(watched, reason);
  }

  /**
   * The node is to take part (again): it is checked at once, and comes up with one good answer
   * whatever was found of it before.
   */
  renew(node: NodeName): void {
    if (!this.#watched.has(node)) return;
    this.unwatch(node);
    this.watch(node);
  }

  /**
   * A connection to the node showed that its server was restarted: it is down at once, since
   * it may have come back without what it had not yet flushed, and comes up like any other.
   */
  restarted(node: NodeName): void {
    const watched = this.#watched.get(node);
    if (watched === undefined || watched.health.state !== 'up') return;
    watched.running?.deadline.cancel();
    watched.running?.abort.abort();
    watched.running = undefined;
    watched.suspicion = undefined;
    this.#notify(node, watched.health.restarted(), undefined);
    if (this.#watched.get(node) === watched) this.#check(watched, undefined);
  }

  /** The interval was changed: who waits for the next check waits the new one from now on. */
  intervalChanged(): void {
    for (const watched of this.#watched.values()) {
      if (watched.running !== undefined) continue;
      watched.timer?.cancel();
      this.#schedule(watched, 0);
    }
  }

  /** The state of a watched node; 'unknown' until its first check has ended. */
  stateOf(node: NodeName): HealthState {
    return this.#watched.get(node)?.health.state ?? 'unknown';
  }

  snapshot(): HealthSnapshot[] {
    return [...this.#watched.values()].map(({ node, health, lastResult, lastCheckedMs }) => ({
      node,
      state: health.state,
      lastResult,
      lastCheckedMs,
    }));
  }

  /** Ends all checks for good. */
  stop(): void {
    this.#stopped = true;
    for (const node of [...this.#watched.keys()]) this.unwatch(node);
  }

  #check(watched: Watched, suspicion: string | undefined): void {
    assert(watched.running === undefined, 'one check at a time for each node');
    watched.timer?.cancel();
    watched.checks += 1;
    const { clock, check, timeoutMs } = this.#options;
    const abort = new AbortController();
    const startedMs = clock.nowMs();
    const finish = (result: HealthCheckResult): void => {
      // The first to end counts: the answer, the deadline, or `unwatch`.
      if (watched.running !== running) return;
      running.deadline.cancel();
      watched.running = undefined;
      this.#finished(watched, result, { startedMs, suspicion });
    };
    const deadline = clock.after(timeoutMs, () => {
      finish({ kind: 'unreachable', reason: `no answer within ${timeoutMs} ms` });
      abort.abort();
    });
    const running: RunningCheck = { abort, deadline };
    watched.running = running;
    void answerOf(check, watched.node, abort.signal).then(finish);
  }

  #finished(
    watched: Watched,
    result: HealthCheckResult,
    at: { readonly startedMs: number; readonly suspicion: string | undefined },
  ): void {
    const nowMs = this.#options.clock.nowMs();
    watched.lastResult = result;
    watched.lastCheckedMs = nowMs;
    const change = watched.health.apply(result, { suspected: at.suspicion !== undefined });
    this.#notify(watched.node, change, at.suspicion);
    // An observer may have ended the watch, or reported the next trouble already.
    if (this.#watched.get(watched.node) !== watched || watched.running !== undefined) return;
    const { suspicion } = watched;
    watched.suspicion = undefined;
    if (suspicion !== undefined && watched.health.state !== 'down') this.#check(watched, suspicion);
    else this.#schedule(watched, nowMs - at.startedMs);
  }

  #schedule(watched: Watched, elapsedMs: number): void {
    const { clock, intervalMs } = this.#options;
    let delayMs = intervalMs;
    if (watched.health.comingUp) delayMs = Math.min(intervalMs, comingUpIntervalMs);
    // The second check sets the phase, and from there the interval keeps it.
    else if (watched.checks === 1) delayMs = intervalMs * (1 - watched.phase);
    watched.timer = clock.after(Math.max(0, delayMs - elapsedMs), () => {
      this.#check(watched, undefined);
    });
  }

  #notify(node: NodeName, change: HealthChange, suspicion: string | undefined): void {
    if (change.kind === 'none') return;
    const seenBy = suspicion === undefined ? '' : ` (checked because: ${suspicion})`;
    for (const observer of [...this.#observers]) {
      try {
        if (change.kind === 'up') observer.onNodeUp(node);
        else if (change.kind === 'down') observer.onNodeDown(node, change.reason + seenBy);
        else observer.onNodeBusy?.(node, change.reason);
      } catch (error) {
        (this.#options.onFault ?? throwUncaught)(error);
      }
    }
  }
}

async function answerOf(
  check: HealthCheck,
  node: NodeName,
  signal: AbortSignal,
): Promise<HealthCheckResult> {
  try {
    return await check(node, signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'unreachable', reason };
  }
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
