import type { NodeName, Seq } from '../../base/brands.ts';
import { LockstepError } from '../../base/errors.ts';
import type { HealthMonitor } from '../../health/health-monitor.ts';
import type { Node } from '../../nodes/node.ts';
import type { EventLog } from '../../telemetry/event-log.ts';
import {
  CopyDiffersError,
  copyNode,
  type CopyNodeOptions,
  type CopyProgress,
} from './copy/copy-node.ts';
import type { NodeRecovery } from './node-recovery.ts';
import type { Snapshot, SnapshotContext } from './snapshot.ts';
import { letReadsEnd } from './step-down.ts';

/** Its connections were cut: who read there needs no longer to find that out. */
const readsEndMs = 5000;

export interface ResyncManagerOptions extends SnapshotContext {
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly events: EventLog;
  readonly clusterId: string;
  readonly recovery: NodeRecovery;
  readonly monitor: Pick<HealthMonitor, 'renew'>;
  /** Makes the copy itself, and resolves with the entry that it is as of; default: `copyNode`. */
  readonly copy?: (options: CopyNodeOptions) => Promise<Seq>;
  /** Takes the node out of whatever it takes part in; it is RESYNCING then. */
  readonly takeOut: (node: Node) => Promise<void>;
  /** The log after `seq` must be kept for the node. */
  readonly onSnapshot: (name: NodeName, seq: Seq) => void;
}

interface Running {
  readonly abort: AbortController;
  readonly progress: CopyProgress;
  readonly ended: Promise<void>;
}

const attemptsMax = 3;

/** Fills nodes anew from nodes in sync, one copy a node at a time. */
export class ResyncManager {
  readonly #options: ResyncManagerOptions;
  readonly #running = new Map<NodeName, Running>();

  constructor(options: ResyncManagerOptions) {
    this.#options = options;
  }

  running(name: NodeName): boolean {
    return this.#running.has(name);
  }

  /** How far the copy to a node is; undefined while there is none. */
  progress(name: NodeName): CopyProgress | undefined {
    const running = this.#running.get(name);
    return running && { ...running.progress };
  }

  /**
   * Begins to fill the node anew; resolves when that is under way. Throws LockstepError:
   * conflict (it is under way already), no_source, node_unreachable, ddl_wait_timeout (it leads,
   * and open transactions did not end).
   */
  async start(name: NodeName): Promise<void> {
    const node = this.#options.nodes.get(name);
    if (!node) throw new LockstepError('not_found', `there is no node named ${name}`);
    this.#refuseSecond(name);
    if (!this.hasSource(name)) {
      const inSync = this.#options.replicator.inSync(name);
      throw new LockstepError(
        'no_source',
        inSync
          ? `${name} is the only node in sync: there is nothing to copy from`
          : `no node is in sync, so there is nothing to copy to ${name}`,
      );
    }
    await probe(node);
    this.#refuseSecond(name);
    if (this.#options.nodes.get(name) !== node) {
      throw new LockstepError('not_found', `${name} was removed meanwhile`);
    }
    const abort = new AbortController();
    const progress = newProgress();
    const takenOut = this.#takeOut(node);
    const ended = takenOut.then(
      () => this.#run(node, progress, abort.signal),
      () => {},
    );
    this.#running.set(name, { abort, progress, ended });
    await takenOut;
  }

  /** A leader that cannot hand over stays what it is. */
  async #takeOut(node: Node): Promise<void> {
    const { replicator, monitor, nodes } = this.#options;
    try {
      await this.#options.takeOut(node);
    } catch (error) {
      this.#running.delete(node.name);
      // It broke meanwhile, and was not recovered because of this.
      const isOut = replicator.position(node.name) === undefined;
      if (isOut && nodes.get(node.name) === node) monitor.renew(node.name);
      throw error;
    }
  }

  /** A check of the node failed: asks it once more, and ends the copy if there is no answer. */
  async suspect(name: NodeName, reason: string): Promise<void> {
    const node = this.#options.nodes.get(name);
    if (!node || !this.#running.has(name)) return;
    try {
      await probe(node);
    } catch {
      await this.stop(name, reason);
    }
  }

  /** Ends the copy to a node, if there is one; the node is QUARANTINED then. */
  async stop(name: NodeName, reason: string): Promise<void> {
    const running = this.#running.get(name);
    if (!running) return;
    running.abort.abort(new Error(reason));
    await running.ended;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name, 'Lockstep stops')));
  }

  #refuseSecond(name: NodeName): void {
    if (!this.#running.has(name)) return;
    throw new LockstepError('conflict', `${name} is being resynchronised already`);
  }

  async #run(node: Node, progress: CopyProgress, signal: AbortSignal): Promise<void> {
    const { events, clock, monitor } = this.#options;
    const startedMs = clock.nowMs();
    try {
      const { replicator } = this.#options;
      if (node.readElsewhere) await letReadsEnd(replicator, node, { clock, timeoutMs: readsEndMs });
      const seq = await this.#attempts(node, progress, signal);
      const { source, tables, rows, bytes } = progress;
      const durationMs = Math.round(clock.nowMs() - startedMs);
      const done = { node: node.name, source, seq, tables, rows, bytes, durationMs };
      events.publish({ kind: 'resync_finished', ...done });
      this.#running.delete(node.name);
      monitor.renew(node.name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#running.delete(node.name);
      events.publish({ kind: 'resync_failed', node: node.name, reason });
      if (node.state !== 'RESYNCING') return;
      node.transition(
        'QUARANTINED',
        `its resync ended early: ${reason}; run \`lockstep nodes resync ${node.name}\``,
      );
    }
  }

  /** A source that fails costs the copy made so far, not the resync. */
  async #attempts(node: Node, progress: CopyProgress, signal: AbortSignal): Promise<Seq> {
    for (let attempt = 1; ; attempt++) {
      const source = this.sourceFor(node.name);
      if (!source) throw new LockstepError('no_source', 'no node in sync is left to copy from');
      delete progress.seq;
      Object.assign(progress, { ...newProgress(), source: source.name });
      try {
        await this.#options.recovery.prepare(node);
        return await this.#copy(source, node, progress, signal);
      } catch (error) {
        if (signal.aborted || error instanceof CopyDiffersError) throw error;
        if (attempt === attemptsMax || !this.hasSource(node.name)) throw error;
        const detail = error instanceof Error ? error.message : String(error);
        this.#warn(node.name, `the copy from ${source.name} failed and is begun anew: ${detail}`);
        await probe(node);
      }
    }
  }

  #copy(source: Node, target: Node, progress: CopyProgress, signal: AbortSignal): Promise<Seq> {
    const { replicator, sequencer, clock, clusterId, events } = this.#options;
    const { copy = copyNode } = this.#options;
    return copy({
      replicator,
      sequencer,
      clock,
      clusterId,
      source,
      target,
      progress,
      signal,
      epoch: replicator.epoch,
      onWarning: (detail) => this.#warn(target.name, detail),
      onSnapshot: ({ seq, heldMs }: Snapshot) => {
        this.#options.onSnapshot(target.name, seq);
        const at = { node: target.name, source: source.name, seq, heldMs };
        events.publish({ kind: 'resync_started', ...at });
      },
    });
  }

  #warn(node: NodeName, detail: string): void {
    this.#options.events.publish({ kind: 'resync_warning', node, detail });
  }

  /** Whether there is a node to copy from. */
  hasSource(target: NodeName): boolean {
    return this.sourceFor(target) !== undefined;
  }

  /** The node to copy from: a follower rather than the leader, which has enough to do. */
  sourceFor(target: NodeName): Node | undefined {
    const { nodes, replicator } = this.#options;
    const leader = replicator.leadership?.name;
    const able = [...nodes.values()].filter(
      ({ name, state }) => name !== target && state === 'UP' && replicator.inSync(name),
    );
    return able.find(({ name }) => name !== leader) ?? able[0];
  }
}

/** Throws node_unreachable if Lockstep cannot log in there. */
async function probe(node: Node): Promise<void> {
  try {
    (await node.openControl()).end();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LockstepError('node_unreachable', `${node.name} does not answer: ${reason}`, {
      cause,
    });
  }
}

const newProgress = (): CopyProgress => ({
  phase: 'waiting',
  source: '',
  tablesDone: 0,
  tables: 0,
  rows: 0,
  bytes: 0,
});
