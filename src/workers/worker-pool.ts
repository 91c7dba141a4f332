import { fileURLToPath } from 'node:url';
import type { NodeName } from '../base/brands.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { HealthMonitor } from '../health/health-monitor.ts';
import type { Node } from '../nodes/node.ts';
import type { SocketHandle } from '../nodes/socket-handle.ts';
import type { Replicator } from '../replication/replicator.ts';
import { knownOf } from '../sessions/known-quick.ts';
import type { Loan, LoanOwner, LoanTerms, SessionLender } from '../sessions/session-lender.ts';
import type { Statement } from '../sql/statement.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import type { WorkerMetrics } from '../telemetry/worker-metrics.ts';
import type { ReadReport, WorkerNews } from './messages.ts';
import { quickKey } from './quick-key.ts';
import { settingsOf } from './worker-settings.ts';
import { type Lent, WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  readonly live: LiveConfig;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly replicator: Pick<Replicator, 'inSync'>;
  readonly monitor: Pick<HealthMonitor, 'suspect' | 'restarted'>;
}

export interface WorkerPoolStart {
  /** Path of a worker's program, where it is not beside this file. */
  readonly program: string | undefined;
  /** What workers have answered is to be counted. */
  readonly onReport: (report: ReadReport) => void;
}

/** One that ends is begun anew after so long, doubled each time that it ends soon again. */
const restartMsMin = 100;
const restartMsMax = 10_000;
const steadyMs = 30_000;
/** More statements than most applications have. */
const quickMax = 10_000;

/**
 * The workers of this process: who has which sessions, and what each may read. Whatever makes a
 * read of theirs wrong is told them, and confirmed, before it takes effect: that a node lacks what
 * a client is about to be told is written, that a definition changes, that a lock is taken.
 */
export class WorkerPool implements SessionLender {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<WorkerProcess>();
  readonly #restarts = new Set<Timer>();
  /** By key; of how each statement is known. */
  readonly #quick = new Map<string, Statement>();
  #restartMs = restartMsMin;
  #holds = 0;
  #lastAdmission = 0;
  #start: WorkerPoolStart | undefined;
  #reads = 0;
  #closed = false;
  readonly #unsubscribe: (() => void)[] = [];

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  start(start: WorkerPoolStart): void {
    const { live, events } = this.#options;
    this.#start = start;
    for (let count = 0; count < live.view.workers; count += 1) this.#begin();
    this.#unsubscribe.push(
      events.subscribe((event) => {
        if (event.kind === 'node_state_changed') void this.readersTold();
      }),
    );
    live.subscribe(() => this.#settingsChanged());
  }

  get figures(): WorkerMetrics {
    const workers = [...this.#workers];
    return {
      running: workers.filter(({ ready }) => ready).length,
      sessions: workers.reduce((count, { lent }) => count + lent.size, 0),
      reads: this.#reads,
    };
  }

  #begin(): void {
    const { clock, live } = this.#options;
    const beside = new URL('./main.js', import.meta.url);
    const beganMs = clock.nowMs();
    const worker = new WorkerProcess({
      clock,
      program: this.#start?.program ?? fileURLToPath(beside),
      onMessage: (from, message) => this.#onMessage(from, message),
      onEnd: (ended, reason) => {
        this.#workers.delete(ended);
        this.#noteReaders();
        if (this.#closed) return;
        this.#options.events.publish({ kind: 'worker_ended', pid: ended.pid ?? 0, reason });
        if (clock.nowMs() - beganMs > steadyMs) this.#restartMs = restartMsMin;
        const again: Timer = clock.after(this.#restartMs, () => {
          this.#restarts.delete(again);
          this.#begin();
        });
        this.#restarts.add(again);
        this.#restartMs = Math.min(this.#restartMs * 2, restartMsMax);
      },
    });
    this.#workers.add(worker);
    worker.post({ kind: 'settings', settings: settingsOf(live.view) });
  }

  // --- what sessions ask --------------------------------------------------------------------

  mayLend(name: NodeName): boolean {
    const node = this.#options.nodes.get(name);
    if (!node || node.restarted || this.#holds > 0 || this.#closed) return false;
    const worker = this.#leastBusy;
    return worker !== undefined && this.#serves(name) && this.#settled;
  }

  /** While something is yet to be confirmed, what may be read is about to change. */
  get #settled(): boolean {
    for (const worker of this.#workers) if (!worker.settled) return false;
    return true;
  }

  get #leastBusy(): WorkerProcess | undefined {
    let least: WorkerProcess | undefined;
    for (const worker of this.#workers) {
      if (worker.ready && (!least || worker.lent.size < least.lent.size)) least = worker;
    }
    return least;
  }

  lend(terms: LoanTerms, handle: SocketHandle, owner: LoanOwner): Loan {
    const worker = this.#leastBusy;
    const { id } = terms;
    const lent: Lent = {
      owner,
      sinceMs: this.#options.clock.nowMs(),
      recall: () => worker?.post({ kind: 'recall', id }),
      end: () => {
        worker?.lent.delete(id);
        worker?.post({ kind: 'end', id });
      },
    };
    if (!worker) return lent;
    this.#admit(worker, terms.node);
    worker.lent.set(id, lent);
    worker.post({ kind: 'lend', terms }, handle);
    return lent;
  }

  /** Tells the worker of the node, unless it knows. */
  #admit(worker: WorkerProcess, name: NodeName): void {
    const node = this.#options.nodes.get(name);
    if (!node || worker.nodes.has(name)) return;
    const admission = ++this.#lastAdmission;
    worker.nodes.set(name, admission);
    node.readElsewhere = true;
    const { config, newestThreadId } = node;
    worker.post({ kind: 'node_in', config, newestThreadId, admission });
  }

  noteQuick(statement: Statement, schema: string): void {
    const key = quickKey(statement, schema);
    if (this.#quick.get(key) === statement || this.#holds > 0) return;
    if (this.#quick.size >= quickMax) this.#forget();
    this.#quick.set(key, statement);
    for (const worker of this.#workers) this.#declare(worker, key);
  }

  #declare(worker: WorkerProcess, key: string): void {
    if (worker.quick.has(key)) return;
    worker.quick.add(key);
    worker.post({ kind: 'quick', key });
  }

  #forget(): void {
    this.#quick.clear();
    for (const worker of this.#workers) {
      worker.quick.clear();
      worker.post({ kind: 'forget' });
    }
  }

  async hold(): Promise<() => void> {
    this.#holds += 1;
    this.#forget();
    await Promise.all([...this.#workers].map((worker) => this.#confirmed(worker)));
    let held = true;
    return () => {
      if (held) this.#holds -= 1;
      held = false;
    };
  }

  // --- what the cluster says ----------------------------------------------------------------

  /** A node shows all that is acknowledged from now on, as long as this is so. */
  #serves(name: NodeName): boolean {
    const state = this.#options.nodes.get(name)?.state;
    return state === 'UP' && this.#options.replicator.inSync(name);
  }

  /** As `ReplicatorOptions.readersTold`. */
  readersTold(): Promise<void> | undefined {
    const confirmations: Promise<void>[] = [];
    for (const worker of this.#workers) {
      const gone = [...worker.nodes.keys()].filter((name) => !this.#serves(name));
      for (const name of gone) {
        worker.nodes.delete(name);
        worker.post({ kind: 'node_out', name });
      }
      // Also what it was told before, and has not confirmed: it is told in order.
      if (gone.length > 0 || !worker.settled) confirmations.push(this.#confirmed(worker));
    }
    if (confirmations.length === 0) return undefined;
    return Promise.all(confirmations).then(() => {});
  }

  /** Resolves when the worker has done all that it was told. */
  async #confirmed(worker: WorkerProcess): Promise<void> {
    await worker.barrier();
    this.#noteReaders();
  }

  #noteReaders(): void {
    for (const node of this.#options.nodes.values()) {
      const { name } = node;
      node.readElsewhere = [...this.#workers].some(
        (worker) => worker.nodes.has(name) || !worker.settled,
      );
    }
  }

  /** Every session comes back, and is lent anew by what holds now. */
  #settingsChanged(): void {
    const settings = settingsOf(this.#options.live.view);
    for (const worker of this.#workers) {
      worker.post({ kind: 'settings', settings });
      worker.post({ kind: 'recall', id: undefined });
      for (const name of worker.nodes.keys()) worker.post({ kind: 'node_out', name });
      worker.nodes.clear();
      void this.#confirmed(worker);
    }
  }

  // --- what workers say ---------------------------------------------------------------------

  #onMessage(worker: WorkerProcess, message: WorkerNews): void {
    const { nodes, monitor } = this.#options;
    switch (message.kind) {
      case 'ready':
        worker.ready = true;
        for (const key of this.#quick.keys()) this.#declare(worker, key);
        return;
      case 'suspect':
        if (worker.nodes.get(message.node) !== message.admission) return;
        worker.nodes.delete(message.node);
        if (nodes.has(message.node)) monitor.suspect(message.node, message.reason);
        return;
      case 'restarted':
        if (worker.nodes.get(message.node) !== message.admission) return;
        worker.nodes.delete(message.node);
        if (nodes.has(message.node)) monitor.restarted(message.node);
        return;
      case 'slow': {
        const statement = this.#quick.get(message.key);
        if (statement) knownOf(statement).wasSlow();
        this.#quick.delete(message.key);
        for (const other of this.#workers) {
          if (other.quick.delete(message.key)) other.post({ ...message, kind: 'not_quick' });
        }
        return;
      }
      case 'report':
        return this.#count(worker, message.report);
    }
  }

  #count(worker: WorkerProcess, report: ReadReport): void {
    for (const { times } of report.reads) this.#reads += times.count;
    const nowMs = this.#options.clock.nowMs();
    for (const [id, agoMs] of report.active) {
      const lent = worker.lent.get(id);
      if (lent) lent.sinceMs = nowMs - agoMs;
    }
    this.#start?.onReport(report);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const timer of this.#restarts) timer.cancel();
    await Promise.all([...this.#workers].map((worker) => worker.close()));
  }
}
