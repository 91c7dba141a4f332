import type { NodeName } from '../../../base/brands.ts';
import type { Timer } from '../../../base/clock.ts';
import { LockstepError } from '../../../base/errors.ts';
import type { HealthMonitor } from '../../../health/health-monitor.ts';
import type { Node } from '../../../nodes/node.ts';
import type { NodeState } from '../../../nodes/node-state.ts';
import type { EventLog } from '../../../telemetry/event-log.ts';
import type { StampedEvent } from '../../../telemetry/events.ts';
import type { Cluster } from '../cluster.ts';
import type { SnapshotContext } from '../snapshot.ts';
import {
  differencesAfter,
  differencesAfterResync,
  differencesWithout,
  type KnownDifferences,
  nodesOf,
} from './known-differences.ts';
import { ReturnedLeaders } from './returned-leaders.ts';
import { repairDifferences } from './repair-differences.ts';
import { runVerification, type VerifyProgress, type VerifyRequest } from './run-verification.ts';
import type { VerifyReport } from './verify-report.ts';

/** Its settings are read anew at each use. */
export interface VerificationsOptions extends SnapshotContext {
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly events: EventLog;
  /** From the end of one to the beginning of the next; undefined: only when asked. */
  readonly intervalMs?: number;
  /** Rows a second on each node, unless a request says otherwise. */
  readonly rate: number;
  /** Also when a leader is back that died between commits. */
  readonly afterLeaderFailure: boolean;
  readonly cluster: Pick<Cluster, 'takeOutForResync'>;
  readonly monitor: Pick<HealthMonitor, 'renew'>;
}

/** How the latest verification ended; times in milliseconds since 1970. */
export interface LastVerification {
  readonly id: number;
  readonly finishedAt: number;
  readonly outcome:
    | { readonly kind: 'done'; readonly report: VerifyReport }
    | { readonly kind: 'failed'; readonly reason: string };
  /** Known from this one and those before it; absent: none. */
  readonly differing?: KnownDifferences;
}

/** Where the result of the latest is kept; neither rejects. */
export interface VerificationStore {
  load(): Promise<LastVerification | undefined>;
  /** In place of the one before. */
  keep(last: LastVerification): Promise<void>;
}

export interface VerificationsStatus {
  readonly running?: {
    readonly id: number;
    readonly startedAt: number;
    readonly progress: VerifyProgress;
  };
  readonly last?: LastVerification;
  /** When the next one of the schedule begins. */
  readonly nextAt?: number;
}

interface Running {
  readonly id: number;
  readonly startedAt: number;
  readonly progress: VerifyProgress;
  readonly abort: AbortController;
  readonly ended: Promise<VerifyReport>;
}

const inSyncWaitMs = 60_000;
const out: ReadonlySet<NodeState> = new Set(['DOWN', 'DISABLED', 'QUARANTINED']);

/** Verifications, one at a time: those asked for, and those of the schedule. */
export class Verifications {
  readonly #options: VerificationsOptions;
  #running: Running | undefined;
  #last: LastVerification | undefined;
  #store: VerificationStore | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #closing = false;
  #timer: Timer | undefined;
  #nextAt: number | undefined;
  readonly #returned: ReturnedLeaders;
  readonly #unsubscribe: () => void;
  #started = 0;
  #rows = 0;

  constructor(options: VerificationsOptions) {
    this.#options = options;
    this.#returned = new ReturnedLeaders({
      ...options,
      isWanted: () => options.afterLeaderFailure,
      verify: () => this.start({}).ended,
    });
    this.#unsubscribe = options.events.subscribe((event) => this.#on(event));
    this.#schedule();
  }

  /** Nodes that hold other data than most, as far as is known. */
  get differing(): readonly string[] {
    return nodesOf(this.#differences);
  }

  get #differences(): KnownDifferences {
    return this.#last?.differing ?? {};
  }

  /** What is known from before the start; further results are kept there too. */
  async remember(store: VerificationStore): Promise<void> {
    this.#last ??= await store.load();
    this.#started = Math.max(this.#started, this.#last?.id ?? 0);
    this.#store = store;
  }

  get status(): VerificationsStatus {
    const running = this.#running;
    return {
      ...(running
        ? {
            running: {
              id: running.id,
              startedAt: running.startedAt,
              progress: { ...running.progress },
            },
          }
        : {}),
      ...(this.#last ? { last: this.#last } : {}),
      ...(this.#nextAt === undefined ? {} : { nextAt: this.#nextAt }),
    };
  }

  /** Rows compared since the start, each counted once whatever the number of nodes. */
  get rows(): number {
    return this.#rows + (this.#running?.progress.rows ?? 0);
  }

  /**
   * Begins one. Throws LockstepError('conflict') while there is one; what is returned rejects
   * with what ends it early.
   */
  start(request: Partial<VerifyRequest>): { readonly id: number; ended: Promise<VerifyReport> } {
    const { clock, rate } = this.#options;
    if (this.#running) {
      throw new LockstepError('conflict', 'a verification is under way; see GET /verify');
    }
    const asked = { tables: [], rows: false, repair: false, rate, ...request };
    const progress = newProgress();
    const abort = new AbortController();
    const id = ++this.#started;
    const ended = this.#run(id, asked, progress, abort.signal);
    this.#running = { id, startedAt: clock.wallMs(), progress, abort, ended };
    return { id, ended };
  }

  /** Ends the one under way, which is not begun again; false when there is none. */
  async cancel(reason = 'it was cancelled'): Promise<boolean> {
    const running = this.#running;
    if (!running) return false;
    this.#returned.forget();
    running.abort.abort(new LockstepError('conflict', reason));
    await running.ended.catch(() => undefined);
    return true;
  }

  /** The interval was changed: it is counted from now on, or from the end of the one under way. */
  intervalChanged(): void {
    if (!this.#running) this.#schedule();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#returned.close();
    this.#timer?.cancel();
    this.#closing = true;
    await this.cancel('Lockstep stops');
    this.#timer?.cancel();
    await this.#keeping;
  }

  /** What mends a node that differs. */
  #on(event: StampedEvent): void {
    const known = this.#differences;
    if (!this.#last || Object.keys(known).length === 0) return;
    switch (event.kind) {
      case 'resync_finished':
        this.#keep(this.#last, differencesAfterResync(known, event.node, event.source));
        break;
      case 'node_removed':
        this.#keep(this.#last, differencesWithout(known, event.node));
        break;
      default:
    }
  }

  #keep({ id, finishedAt, outcome }: LastVerification, differing: KnownDifferences): void {
    this.#last = {
      id,
      finishedAt,
      outcome,
      ...(Object.keys(differing).length > 0 ? { differing } : {}),
    };
    // That Lockstep stopped is no result: what is known from before says more.
    if (this.#store && !this.#closing) this.#keeping = this.#store.keep(this.#last);
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#options;
    this.#timer?.cancel();
    this.#nextAt = undefined;
    if (intervalMs === undefined) return;
    this.#nextAt = clock.wallMs() + intervalMs;
    this.#timer = clock.after(intervalMs, () => {
      // One that was asked for is as good; the next is planned when it ends.
      if (!this.#running) this.start({}).ended.catch(() => undefined);
    });
  }

  async #run(
    id: number,
    request: VerifyRequest,
    progress: VerifyProgress,
    signal: AbortSignal,
  ): Promise<VerifyReport> {
    const { clock, events } = this.#options;
    const { tables, rate } = request;
    // What follows must not begin before it is known as the one under way.
    await Promise.resolve();
    events.publish({ kind: 'verify_started', tables, rate });
    const end = (outcome: LastVerification['outcome']): void => {
      this.#rows += progress.rows;
      this.#running = undefined;
      const differing =
        outcome.kind === 'done'
          ? differencesAfter(this.#differences, outcome.report, tables.length > 0)
          : this.#differences;
      this.#keep({ id, finishedAt: clock.wallMs(), outcome }, differing);
      this.#schedule();
    };
    try {
      const report = await this.#verify(request, progress, signal);
      const { equal, seq, rows, durationMs } = report;
      end({ kind: 'done', report });
      const differing = progress.differing;
      events.publish({ kind: 'verify_finished', equal, seq, rows, differing, durationMs });
      return report;
    } catch (thrown) {
      const error: unknown = signal.aborted ? signal.reason : thrown;
      const reason = error instanceof Error ? error.message : String(error);
      end({ kind: 'failed', reason });
      events.publish({ kind: 'verify_failed', reason });
      throw error;
    }
  }

  async #verify(
    request: VerifyRequest,
    progress: VerifyProgress,
    signal: AbortSignal,
  ): Promise<VerifyReport> {
    const { report, comparisons } = await runVerification({
      ...this.#options,
      request,
      progress,
      signal,
    });
    if (!request.repair || report.equal) return report;
    progress.phase = 'repair';
    progress.table = '';
    const repairs = await repairDifferences({
      ...this.#options,
      comparisons,
      signal,
      takeOut: (node) => this.#options.cluster.takeOutForResync(node),
      letFollow: (node) => this.#letFollow(node),
      untilInSync: (node) => this.#untilInSync(node, signal),
    });
    const repairable = report.tables.every(({ equal, ranges }) => equal || ranges !== undefined);
    const done = repairs.every(({ outcome }) => outcome === 'repaired' || outcome === 'equal');
    return { ...report, repairs, repaired: repairable && done };
  }

  /** Unless it was removed meanwhile, or another server has its name. */
  #letFollow(node: Node): void {
    const { nodes, monitor } = this.#options;
    if (nodes.get(node.name) === node) monitor.renew(node.name);
  }

  async #untilInSync(node: Node, signal: AbortSignal): Promise<void> {
    const { clock, replicator } = this.#options;
    const deadlineMs = clock.nowMs() + inSyncWaitMs;
    const isUp = (): boolean => replicator.inSync(node.name) && node.state === 'UP';
    while (!isUp() && !out.has(node.state) && clock.nowMs() < deadlineMs && !signal.aborted) {
      await replicator.positionChanged(50);
    }
  }
}

const newProgress = (): VerifyProgress => ({
  phase: 'definitions',
  table: '',
  tablesDone: 0,
  tables: 0,
  rows: 0,
  differing: 0,
});
