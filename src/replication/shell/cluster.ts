import { type NodeName, noSeq, type Seq } from '../../base/brands.ts';
import type { Timer } from '../../base/clock.ts';
import { LockstepError } from '../../base/errors.ts';
import type { RecoveryOutcome } from '../../health/recovery-manager.ts';
import type { Node } from '../../nodes/node.ts';
import type { ApplierEnd } from '../applier.ts';
import { lacksEntries } from '../join-decision.ts';
import type { ReplicatorObserver } from '../replicator-options.ts';
import { claimantsOf, LogKeeper } from './log-keeper.ts';
import type { NodeFollower } from './node-follower.ts';
import { repeatedly } from './repeatedly.ts';
import { letReadsEnd, stepDown } from './step-down.ts';
import { TrailingIntent } from './trailing-intent.ts';
import type { ClusterOptions, ClusterParts } from './cluster-parts.ts';

interface Catching {
  readonly startedMs: number;
  readonly entries: number;
  readonly resolve: (outcome: RecoveryOutcome) => void;
}

const housekeepingMs = 1_000;

/**
 * The life of every node: what its state becomes when health, replication or the operator say
 * something of it. Decisions are the replicator's and the recovery's; this carries them out.
 */
export class Cluster implements ReplicatorObserver {
  readonly #options: ClusterOptions;
  #parts: ClusterParts | undefined;
  readonly #ports = new Map<NodeName, NodeFollower>();
  readonly #catching = new Map<NodeName, Catching>();
  readonly #led = new Set<NodeName>();
  readonly #lastPositions = new Map<NodeName, Seq>();
  readonly #keeper: LogKeeper;
  readonly #leaving = new Map<NodeName, Promise<void>>();
  readonly #intent: TrailingIntent;
  #housekeeping: Timer | undefined;
  /** The first node found ahead of the log; it stops the start. */
  ahead: { readonly node: NodeName; readonly reason: string } | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#keeper = new LogKeeper({ ...options, limits: options.config.log });
    this.#intent = new TrailingIntent(options);
  }

  get #p(): ClusterParts {
    if (!this.#parts) throw new LockstepError('internal', 'the cluster is not connected yet');
    return this.#parts;
  }

  async start(parts: ClusterParts): Promise<void> {
    this.#parts = parts;
    const { positions, nodes, clock } = this.#options;
    for (const [name, position] of await positions.read()) {
      if (nodes.has(name)) this.#lastPositions.set(name, position);
    }
    this.#intent.start(parts.replicator);
    for (const name of nodes.keys()) parts.monitor.watch(name);
    this.#housekeeping = repeatedly(
      clock,
      housekeepingMs,
      () => this.#keepHouse(),
      (error) => this.#options.events.publish({ kind: 'log_warning', message: String(error) }),
    );
  }

  /** What the operator sees as the node's position while it takes no part. */
  position(name: NodeName): Seq {
    return this.#parts?.replicator.position(name) ?? this.#lastPositions.get(name) ?? noSeq;
  }

  pending(name: NodeName): number {
    return Math.max(0, this.#options.sequencer.lastDurable - this.position(name));
  }

  /** The log has been cut past what the node has: its place is given up. */
  isBeyondLog(name: NodeName): boolean {
    const last = this.#parts?.replicator.position(name) ?? this.#lastPositions.get(name);
    return last !== undefined && last + 1 < this.#options.log.firstSeq;
  }

  /** No node is on its way up: there is nothing to wait for. */
  get settled(): boolean {
    const out = new Set(['DOWN', 'DISABLED', 'QUARANTINED']);
    return [...this.#options.nodes.values()].every((node) => out.has(node.state));
  }

  // --- what health says -------------------------------------------------------------------

  takeOut(name: NodeName, reason: string): void {
    const node = this.#node(name);
    if (isOut(node)) return;
    if (node.state === 'RESYNCING') {
      void this.#p.resyncs.suspect(name, reason);
      return;
    }
    // DOWN first: from now on no read or write is sent there.
    node.transition('DOWN', reason);
    this.#leave(node, reason);
  }

  async recover(name: NodeName, signal: AbortSignal): Promise<RecoveryOutcome> {
    const node = this.#node(name);
    if (isOut(node) || this.#p.resyncs.running(name)) {
      this.#p.automaticResync.begin(name);
      return { kind: 'not_due' };
    }
    await this.#leaving.get(name);
    if (signal.aborted) return { kind: 'aborted' };
    // It may be back before the health check says that it is up.
    if (this.#p.replicator.position(name) !== undefined) return { kind: 'in_sync' };
    node.enter('RECOVERING', 'reading what it has');
    const led = this.#led.has(name);
    const found = await this.#p.recovery.examine(node, { led });
    this.#intent.settleFor(name);
    // A member found unfit has been marked so: what was wrong is to be said also if it broke again.
    if (signal.aborted && (found.kind === 'follow' || isOut(node))) return { kind: 'aborted' };
    if (found.kind !== 'follow') {
      if (found.kind === 'ahead') this.ahead ??= { node: name, reason: found.reason };
      if (this.#p.firstStart.takeUnlike(name)) this.#p.automaticResync.request(name);
      this.quarantine(name, found.reason, found.kind === 'quarantine' && found.member);
      return { kind: 'failed', reason: found.reason, retry: false };
    }
    this.#led.delete(name);
    for (const warning of node.facts?.warnings ?? []) {
      this.#options.events.publish({ kind: 'node_settings_warning', node: name, ...warning });
    }
    return this.#catchUp(node, found, signal);
  }

  #catchUp(
    node: Node,
    from: { position: Seq; appliedBeyond: ReadonlySet<Seq> },
    signal: AbortSignal,
  ): Promise<RecoveryOutcome> {
    const { clock, events, sequencer } = this.#options;
    const entries = sequencer.lastDurable - from.position - from.appliedBeyond.size;
    const overtaken = lacksEntries(from);
    events.publish({ kind: 'replay_started', node: node.name, entries, overtaken });
    return new Promise((resolve) => {
      this.#catching.set(node.name, { startedMs: clock.nowMs(), entries, resolve });
      signal.addEventListener('abort', () => {
        this.#catching.delete(node.name);
        resolve({ kind: 'aborted' });
      });
      const port = this.#options.followerOf(node);
      this.#ports.set(node.name, port);
      this.#keeper.retention.rejoin(node.name, from.position);
      this.#p.replicator.join(port, from);
    });
  }

  // --- what replication says --------------------------------------------------------------

  onInSync(name: NodeName): void {
    const node = this.#node(name);
    const { clock, events } = this.#options;
    this.#p.automaticResync.forget(name);
    const catching = this.#catching.get(name);
    if (catching) {
      this.#catching.delete(name);
      events.publish({
        kind: 'replay_finished',
        node: name,
        entries: catching.entries,
        durationMs: Math.round(clock.nowMs() - catching.startedMs),
      });
      catching.resolve({ kind: 'in_sync' });
    }
    if (node.state === 'RECOVERING' || node.state === 'LAGGING' || node.state === 'JOINING') {
      node.transition('UP', 'it has every entry');
    }
  }

  onLagging(name: NodeName, reason: string): void {
    const node = this.#node(name);
    if (node.state === 'UP') node.transition('LAGGING', reason);
    // A server that stopped answering looks like one that is slow: the health check tells.
    this.#p.monitor.suspect(name, reason);
  }

  onLeaderChanged(change: { from?: NodeName; to?: NodeName; epoch: number; reason: string }): void {
    this.#options.events.publish({ kind: 'leader_changed', ...change });
    if (change.from !== undefined && change.to === undefined) this.#led.add(change.from);
  }

  onLeaderBroken(name: NodeName, reason: string): void {
    const node = this.#node(name);
    node.transition('RECOVERING', `the leader broke under a write: ${reason}`);
    this.#release(node, reason);
    this.#p.monitor.suspect(name, reason);
    this.#p.recoveryManager.onNodeUp(name);
  }

  onApplierEnd(name: NodeName, end: ApplierEnd): void {
    const node = this.#node(name);
    const catching = this.#catching.get(name);
    this.#catching.delete(name);
    if (end.kind === 'diverged') {
      const { seq, detail } = end;
      this.#options.events.publish({ kind: 'divergence', node: name, seq, detail });
      // Its position may have passed the entry: without this it would follow after a restart.
      this.#condemn(node, `diverged at entry ${seq}: ${detail}`);
      catching?.resolve({ kind: 'failed', reason: end.detail, retry: false });
      return;
    }
    this.#release(node, end.reason);
    this.#p.monitor.suspect(name, end.reason);
    if (node.state !== 'DOWN') node.transition('RECOVERING', end.reason);
    if (catching) catching.resolve({ kind: 'failed', reason: end.reason, retry: true });
    else this.#p.recoveryManager.onNodeUp(name);
  }

  // --- what the operator says -------------------------------------------------------------

  /** Reads stop, the leader hands over, and once nothing is under way the node is DISABLED. */
  async drain(name: NodeName): Promise<void> {
    const node = this.#node(name);
    if (node.state !== 'UP' && node.state !== 'LAGGING') {
      throw new LockstepError('conflict', `${name} is ${node.state}, so there is nothing to drain`);
    }
    const { state } = node;
    node.transition('DRAINING', 'by the operator');
    try {
      await this.#stepDown(node, 'it is being drained');
    } catch (error) {
      // Its transactions did not end: it serves on, and the operator may try again.
      if (this.#node(name).state === 'DRAINING') node.transition(state, 'draining took too long');
      throw error;
    }
    const { clock, config } = this.#options;
    await letReadsEnd(this.#p.replicator, node, { clock, timeoutMs: config.ddlWaitTimeoutMs });
    if (this.#p.resyncs.running(name)) {
      throw new LockstepError('conflict', `${name} is being resynchronised meanwhile`);
    }
    this.#disabled(node);
  }

  async disable(name: NodeName): Promise<void> {
    const node = this.#node(name);
    if (node.state === 'DISABLED') return;
    this.#p.automaticResync.forget(name);
    await this.#p.resyncs.stop(name, 'disabled by the operator');
    this.#p.recoveryManager.onNodeDown(name, 'disabled by the operator');
    await this.#stepDown(node, 'it is being disabled');
    // One may have begun meanwhile.
    await this.#p.resyncs.stop(name, 'disabled by the operator');
    this.#disabled(node);
  }

  /**
   * It may have broken while it stepped down: a recovery that this began ends here, but what
   * was found wrong with its data still stands.
   */
  #disabled(node: Node): void {
    this.#p.recoveryManager.onNodeDown(node.name, 'disabled by the operator');
    this.#leave(node, 'disabled by the operator');
    if (node.state !== 'QUARANTINED') node.transition('DISABLED', 'by the operator');
  }

  enable(name: NodeName): void {
    const node = this.#node(name);
    if (!isOut(node)) throw new LockstepError('conflict', `${name} is ${node.state} already`);
    node.transition('JOINING', 'enabled by the operator');
    this.#p.monitor.renew(name);
  }

  /** A member that was not there at the start: it may have led before it was removed. */
  welcome(name: NodeName): void {
    this.#led.add(name);
    this.#p.monitor.watch(name);
  }

  /** The node is no member any more. What it has stays on its server, markers included. */
  async forget(name: NodeName): Promise<void> {
    const node = this.#node(name);
    const { monitor, automaticResync, resyncs, recoveryManager, recovery } = this.#p;
    monitor.unwatch(name);
    automaticResync.forget(name);
    // It serves no more, from now on.
    if (!isOut(node)) node.transition('DOWN', 'it was removed');
    this.#leave(node, 'it was removed');
    this.#options.nodes.delete(name);
    await resyncs.stop(name, 'it was removed');
    await recoveryManager.forget(name);
    await this.#leaving.get(name);
    for (const known of [this.#leaving, this.#catching, this.#led, this.#lastPositions]) {
      known.delete(name);
    }
    this.#keeper.retention.forget(name);
    recovery.forget(name);
  }

  /** The node is about to be filled anew: whatever it took part in goes on without it. */
  async takeOutForResync(node: Node): Promise<void> {
    if (node.state === 'UP' || node.state === 'LAGGING') {
      await this.#stepDown(node, 'it is being resynchronised');
    }
    node.transition('RESYNCING', 'it is being made a copy of another node');
    this.#p.recoveryManager.onNodeDown(node.name, 'it is being resynchronised');
    this.#leave(node, 'it is being resynchronised');
    await this.#leaving.get(node.name);
    this.#led.delete(node.name);
  }

  /** The node will need the log from behind `seq` on. */
  keepLogAfter(name: NodeName, seq: Seq): void {
    this.#lastPositions.set(name, seq);
    this.#keeper.retention.keepAfter(name, seq);
  }

  /** Something took effect on the node that the log does not have, nor its markers tell of. */
  strand(name: NodeName, reason: string): void {
    this.#leave(this.#node(name), reason);
    this.#condemn(this.#node(name), reason);
  }

  #condemn(node: Node, reason: string): void {
    const condemned = this.#p.recovery.condemn(node).catch((error: unknown) => {
      this.#options.events.publish({ kind: 'log_warning', message: String(error) });
    });
    this.#release(node, reason);
    this.#quarantined(node, reason, true);
    void condemned.then(() => this.#p.automaticResync.begin(node.name));
  }

  quarantine(name: NodeName, reason: string, member: boolean): void {
    const node = this.#node(name);
    this.#quarantined(node, reason, member);
    this.#leave(node, reason);
    this.#p.automaticResync.begin(name);
  }

  #quarantined(node: Node, reason: string, member: boolean): void {
    const planned = member && this.#p.automaticResync.plan(node.name);
    const { name } = node;
    const next = planned ? 'it will be resynchronised' : `run \`lockstep nodes resync ${name}\``;
    node.transition('QUARANTINED', `${reason}; ${next}`);
  }

  async #stepDown(node: Node, reason: string): Promise<void> {
    const timeoutMs = this.#options.config.ddlWaitTimeoutMs;
    await stepDown(this.#p.replicator, node, { reason, timeoutMs });
    this.#noteLeft(node.name);
  }

  #leave(node: Node, reason: string): void {
    this.#lastPositions.set(node.name, this.position(node.name));
    const left = this.#p.replicator.leave(node.name, reason);
    this.#leaving.set(node.name, left);
    this.#release(node, reason);
  }

  #release(node: Node, reason: string): void {
    this.#noteLeft(node.name);
    this.#ports.get(node.name)?.close();
    this.#ports.delete(node.name);
    node.destroyConnections(new Error(reason));
  }

  #noteLeft(name: NodeName): void {
    const port = this.#parts?.replicator.position(name);
    if (port !== undefined) this.#lastPositions.set(name, port);
  }

  #node(name: NodeName): Node {
    const node = this.#options.nodes.get(name);
    if (!node) throw new LockstepError('not_found', `there is no node named ${name}`);
    return node;
  }

  /** Whether a DDL statement that the log only announced is in it now. */
  confirmIntent(name: NodeName, seq: Seq): Promise<boolean> {
    return this.#intent.confirm(name, seq);
  }

  async #keepHouse(): Promise<void> {
    const { nodes, positions, log } = this.#options;
    for (const name of nodes.keys()) this.#noteLeft(name);
    await positions.write(this.#lastPositions);
    // Writes are refused meanwhile; once the disk is well again, so is the log.
    if (log.unavailable) await log.heal();
    await this.#keeper.keep(claimantsOf(nodes.values(), this.#p.replicator, this.#lastPositions));
  }

  async close(): Promise<void> {
    this.#housekeeping?.cancel();
    this.#parts?.firstStart.close();
    this.#parts?.automaticResync.close();
    await this.#parts?.resyncs.close();
    for (const name of this.#options.nodes.keys()) this.#noteLeft(name);
    await this.#options.positions.write(this.#lastPositions);
    for (const port of this.#ports.values()) port.close();
  }
}

/** Only an operator brings it back. */
const isOut = (node: Node): boolean => node.state === 'DISABLED' || node.state === 'QUARANTINED';
