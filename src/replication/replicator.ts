import { assert } from '../base/assert.ts';
import { type NodeName, noSeq, nextSeq, type Seq } from '../base/brands.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { Acknowledgements, type Acks, type FollowerPosition } from './acknowledgements.ts';
import { Applier, type ApplierEnd } from './applier.ts';
import type { Entry, EntryDraft } from './entry.ts';
import type { ReadLimits } from './entry-source.ts';
import type { FollowerPort } from './follower-port.ts';
import type { LeaderTransaction } from './leader-transaction.ts';
import { ResultEvidence } from './result-evidence.ts';
import type { Sequencer } from './sequencer.ts';
import { WriteGate } from './write-gate.ts';

/** One term of one leader. A write belongs to the term it began in. */
export interface Leadership {
  readonly name: NodeName;
  readonly epoch: number;
}

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly seq: Seq }
  /** The term ended before the append: nothing took effect anywhere; it may be run again. */
  | { readonly kind: 'aborted'; readonly reason: string }
  /** The log refused it: rolled back, nothing took effect. */
  | { readonly kind: 'not_logged'; readonly error: Error };

export interface ReplicatorObserver {
  onLeaderChanged(change: { from?: NodeName; to?: NodeName; epoch: number; reason: string }): void;
  /** The leader broke under a write; the shell closes its connections and checks its health. */
  onLeaderBroken(name: NodeName, reason: string): void;
  onInSync(name: NodeName): void;
  onLagging(name: NodeName, reason: string): void;
  onApplierEnd(name: NodeName, end: ApplierEnd): void;
}

export interface ReplicatorOptions {
  readonly sequencer: Sequencer;
  readonly clock: Clock;
  readonly acks: Acks;
  readonly syncTimeoutMs: number;
  readonly minInSync: number;
  readonly queuedWritesMax: number;
  readonly applyLimits: ReadLimits;
  /** How many nodes the configuration names now. */
  readonly nodeCount: () => number;
  readonly epoch: number;
  readonly observer: ReplicatorObserver;
}

interface Member {
  readonly name: NodeName;
  readonly port: FollowerPort;
  applier: Applier;
  inSync: boolean;
}

/** Commits of the leader that were sent and those confirmed, as a prefix of the log. */
interface LeaderProgress {
  readonly member: Member;
  readonly leadership: Leadership;
  position: Seq;
  sent: Seq;
  folded: Seq;
  folding: boolean;
  readonly confirmedBeyond: Set<Seq>;
}

/**
 * The heart of replication: who leads, who follows, how far each node is, and the way of a commit
 * from the leader's locks through the log to the acknowledgement. No sockets, files or clock.
 */
export class Replicator {
  readonly gate: WriteGate;
  readonly #options: ReplicatorOptions;
  readonly #members = new Map<NodeName, Member>();
  readonly #acknowledgements: Acknowledgements;
  readonly #evidence = new ResultEvidence();
  readonly #durableAt = new Map<Seq, number>();
  readonly #leaderWaiters = new Set<() => void>();
  readonly #positionWaiters = new Set<() => void>();
  #leader: LeaderProgress | undefined;
  #lastLeader: NodeName | undefined;
  #epoch: number;
  #electionHeld = false;
  #lastAcknowledged: Seq = noSeq;
  #timer: Timer | undefined;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
    this.#lastAcknowledged = options.sequencer.lastDurable;
    this.gate = new WriteGate({ clock: options.clock, queueMax: options.queuedWritesMax });
    this.#acknowledgements = new Acknowledgements({
      acks: options.acks,
      followers: () => this.#inSyncFollowers(),
      nodeCount: options.nodeCount,
    });
    this.#scheduleTick();
  }

  get leadership(): Leadership | undefined {
    return this.#leader?.leadership;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Highest entry that some client was told is committed. */
  get lastAcknowledged(): Seq {
    return this.#lastAcknowledged;
  }

  /** Highest entry whose COMMIT was sent to the leader. */
  get lastCommitSent(): Seq {
    return this.#leader?.sent ?? this.#options.sequencer.lastDurable;
  }

  inSync(name: NodeName): boolean {
    return this.#members.get(name)?.inSync ?? false;
  }

  get inSyncCount(): number {
    let count = 0;
    for (const member of this.#members.values()) if (member.inSync) count++;
    return count;
  }

  /** Everything up to here is committed on the node; undefined while it takes no part. */
  position(name: NodeName): Seq | undefined {
    if (this.#leader?.leadership.name === name) return this.#leader.position;
    return this.#members.get(name)?.applier.position;
  }

  /** Highest entry that a reader on the node may see. */
  visible(name: NodeName): Seq {
    if (this.#leader?.leadership.name === name) return this.#leader.sent;
    return this.#members.get(name)?.applier.sent ?? noSeq;
  }

  /** No election until this is released: an unresolved DDL intent must be settled first. */
  holdElection(held: boolean): void {
    this.#electionHeld = held;
    this.#elect();
  }

  /** A node takes part: it applies from `position` on and is in sync once it has caught up. */
  join(port: FollowerPort, markers: { position: Seq; appliedBeyond: ReadonlySet<Seq> }): void {
    assert(!this.#members.has(port.name), `${port.name} takes part already`);
    const applier = new Applier({
      port,
      source: this.#options.sequencer,
      evidence: this.#evidence,
      clock: this.#options.clock,
      limits: this.#options.applyLimits,
      position: markers.position,
      appliedBeyond: markers.appliedBeyond,
      onProgress: () => this.#onProgress(member),
      onEnd: (end) => this.#onApplierEnd(member, end),
    });
    const member: Member = { name: port.name, port, applier, inSync: false };
    this.#members.set(port.name, member);
    applier.wake();
    this.#onProgress(member);
  }

  /** A node takes no part any more; resolves when nothing of its applier is under way. */
  async leave(name: NodeName, reason: string): Promise<void> {
    const member = this.#members.get(name);
    if (!member) return;
    this.#members.delete(name);
    const stopped = member.applier.stop();
    if (this.#leader?.member === member) this.#endTerm(reason);
    this.#acknowledgements.progress();
    this.#elect();
    await stopped;
  }

  /** Checks that a write may begin now, and under whom. */
  async beginTerm(timeoutMs: number): Promise<Leadership> {
    const leadership = this.leadership ?? (await this.#waitForLeader(timeoutMs));
    const needed =
      this.#options.acks === 'quorum'
        ? Math.max(this.#options.minInSync, Math.floor(this.#options.nodeCount() / 2) + 1)
        : this.#options.minInSync;
    if (this.inSyncCount < needed) {
      throw new LockstepError(
        'not_enough_in_sync',
        `${this.inSyncCount} nodes are in sync, ${needed} are needed for writes`,
      );
    }
    return leadership;
  }

  isCurrent(leadership: Leadership): boolean {
    return this.#leader?.leadership === leadership;
  }

  /**
   * Commits a transaction whose statements the leader has answered: append, then the leader's
   * COMMIT with its marker while followers apply, then the acknowledgement.
   */
  async commit(
    leadership: Leadership,
    draft: Omit<EntryDraft, 'epoch'>,
    transaction: LeaderTransaction,
  ): Promise<CommitOutcome> {
    if (this.gate.commits.held) await this.gate.commits.whenFree();
    if (!this.isCurrent(leadership) || !transaction.alive) {
      await transaction.rollback();
      return { kind: 'aborted', reason: 'the leader changed before the commit' };
    }
    const { entry, durable } = this.#options.sequencer.append({
      ...draft,
      epoch: leadership.epoch,
    });
    try {
      await durable;
    } catch (error) {
      await transaction.rollback();
      return {
        kind: 'not_logged',
        error: error instanceof Error ? error : new Error(String(error)),
      };
    }
    const acknowledged = this.#acknowledgements.wait(entry.seq);
    if (this.isCurrent(leadership)) {
      this.#sentToLeader(entry.seq);
      const outcome = await transaction.commit(entry.seq);
      if (outcome.kind === 'confirmed') this.#confirmedByLeader(leadership, entry.seq);
      else this.#breakLeader(leadership, outcome.reason);
    }
    this.#acknowledgements.leaderDone(entry.seq);
    await acknowledged;
    if (entry.seq > this.#lastAcknowledged) this.#lastAcknowledged = entry.seq;
    return { kind: 'committed', seq: entry.seq };
  }

  /** Resolves when the position of some in-sync node has changed, or after `timeoutMs`. */
  positionChanged(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#positionWaiters.delete(done);
        resolve();
      };
      const timer = this.#options.clock.after(timeoutMs, done);
      this.#positionWaiters.add(done);
    });
  }

  /** The sequencer reports each entry as it becomes durable. */
  onDurable(entry: Entry): void {
    this.#durableAt.set(entry.seq, this.#options.clock.nowMs());
    for (const member of this.#members.values()) {
      if (this.#leader?.member !== member) member.applier.wake();
    }
  }

  /** The leader's term ends because a write broke its connection after the append. */
  #breakLeader(leadership: Leadership, reason: string): void {
    if (!this.isCurrent(leadership)) return;
    const name = leadership.name;
    this.#members.delete(name);
    this.#endTerm(reason);
    this.#options.observer.onLeaderBroken(name, reason);
    this.#acknowledgements.progress();
    this.#elect();
  }

  #endTerm(reason: string): void {
    const leader = this.#leader;
    if (!leader) return;
    this.#leader = undefined;
    this.#lastLeader = leader.leadership.name;
    this.#evidence.distrust(leader.leadership.epoch, nextSeq(leader.position));
    this.#options.observer.onLeaderChanged({
      from: leader.leadership.name,
      epoch: leader.leadership.epoch,
      reason,
    });
  }

  /** A follower leads as soon as it has every entry that was ever appended. */
  #elect(): void {
    const { sequencer, observer } = this.#options;
    if (this.#leader || this.#electionHeld) return;
    if (sequencer.lastAppended !== sequencer.lastDurable) return;
    for (const member of this.#members.values()) {
      if (!member.inSync || member.applier.position !== sequencer.lastDurable) continue;
      void member.applier.stop();
      this.#epoch++;
      const leadership = { name: member.name, epoch: this.#epoch };
      const position = member.applier.position;
      this.#leader = {
        member,
        leadership,
        position,
        sent: position,
        folded: position,
        folding: false,
        confirmedBeyond: new Set(),
      };
      observer.onLeaderChanged({
        ...(this.#lastLeader === undefined ? {} : { from: this.#lastLeader }),
        to: member.name,
        epoch: this.#epoch,
        reason: 'it is in sync and has every entry',
      });
      for (const resolve of this.#leaderWaiters) resolve();
      return;
    }
  }

  async #waitForLeader(timeoutMs: number): Promise<Leadership> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#leaderWaiters.delete(done);
        resolve();
      };
      const timer = this.#options.clock.after(timeoutMs, done);
      this.#leaderWaiters.add(done);
    });
    if (this.leadership) return this.leadership;
    throw new LockstepError('no_node', `no node could take the write within ${timeoutMs} ms`);
  }

  #sentToLeader(seq: Seq): void {
    if (this.#leader && seq > this.#leader.sent) this.#leader.sent = seq;
  }

  #confirmedByLeader(leadership: Leadership, seq: Seq): void {
    const leader = this.#leader;
    if (leader?.leadership !== leadership) return;
    leader.confirmedBeyond.add(seq);
    while (leader.confirmedBeyond.delete(nextSeq(leader.position))) {
      leader.position = nextSeq(leader.position);
    }
    this.#notifyPositions();
  }

  #onProgress(member: Member): void {
    const { sequencer, observer } = this.#options;
    if (this.#members.get(member.name) !== member) return;
    if (!member.inSync && this.#ageOfOldestPendingMs(member) < this.#inFlightWindowMs) {
      member.inSync = true;
      observer.onInSync(member.name);
    }
    this.#acknowledgements.progress();
    if (!this.#leader && member.applier.position === sequencer.lastDurable) this.#elect();
    this.#notifyPositions();
  }

  #notifyPositions(): void {
    for (const resolve of this.#positionWaiters) resolve();
  }

  #onApplierEnd(member: Member, end: ApplierEnd): void {
    if (this.#members.get(member.name) !== member) return;
    this.#members.delete(member.name);
    this.#options.observer.onApplierEnd(member.name, end);
    this.#acknowledgements.progress();
    this.#elect();
  }

  #inSyncFollowers(): FollowerPosition[] {
    const followers: FollowerPosition[] = [];
    for (const member of this.#members.values()) {
      if (!member.inSync || member === this.#leader?.member) continue;
      followers.push({ name: member.name, position: member.applier.position });
    }
    return followers;
  }

  get #inFlightWindowMs(): number {
    return Math.min(this.#options.syncTimeoutMs / 2, 100);
  }

  /** Zero when nothing is pending; entries from before the start count as old. */
  #ageOfOldestPendingMs(member: Member): number {
    const position = member.applier.position;
    if (position >= this.#options.sequencer.lastDurable) return 0;
    const at = this.#durableAt.get(nextSeq(position));
    return at === undefined ? Number.POSITIVE_INFINITY : this.#options.clock.nowMs() - at;
  }

  #scheduleTick(): void {
    const everyMs = Math.max(10, Math.min(this.#options.syncTimeoutMs / 5, 200));
    this.#timer = this.#options.clock.after(everyMs, () => {
      this.#tick();
      this.#scheduleTick();
    });
  }

  #tick(): void {
    const { syncTimeoutMs, observer } = this.#options;
    for (const member of this.#members.values()) {
      if (!member.inSync || member === this.#leader?.member) continue;
      const ageMs = this.#ageOfOldestPendingMs(member);
      if (ageMs <= syncTimeoutMs) continue;
      member.inSync = false;
      observer.onLagging(
        member.name,
        `did not confirm entry ${member.applier.position + 1} within ${syncTimeoutMs} ms`,
      );
    }
    this.#acknowledgements.progress();
    this.#elect();
    this.#forgetOldDurables();
    this.#foldLeader();
  }

  #forgetOldDurables(): void {
    let lowest: number = this.#options.sequencer.lastDurable;
    for (const follower of this.#inSyncFollowers()) lowest = Math.min(lowest, follower.position);
    for (const seq of this.#durableAt.keys()) {
      if (seq > lowest && this.#durableAt.size < 1_000_000) break;
      this.#durableAt.delete(seq);
    }
  }

  /** Moves the leader's position row behind its confirmed commits, and prunes their markers. */
  #foldLeader(): void {
    const leader = this.#leader;
    if (!leader || leader.folding || leader.folded === leader.position) return;
    leader.folding = true;
    const position = leader.position;
    leader.member.port.movePosition(position).then(
      () => {
        leader.folding = false;
        leader.folded = position;
      },
      // The health check finds a broken leader; its markers stay as they are.
      () => {
        leader.folding = false;
      },
    );
  }

  close(): void {
    this.#timer?.cancel();
    for (const member of this.#members.values()) void member.applier.stop();
  }
}
