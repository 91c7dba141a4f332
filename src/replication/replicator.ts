import { asError } from '../base/as-error.ts';
import { assert } from '../base/assert.ts';
import { type NodeName, noSeq, nextSeq, type Seq } from '../base/brands.ts';
import type { Timer } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { faultPoints } from '../base/fault-points.ts';
import { Acknowledgements, type FollowerPosition, outcomeUnknown } from './acknowledgements.ts';
import { Applier, type ApplierEnd } from './applier.ts';
import { type Aborted, aborted, type CommitOutcome, overtaken } from './commit-outcome.ts';
import type { CommitDraft, Entry } from './entry.ts';
import { EntryAges } from './entry-ages.ts';
import type { FollowerPort } from './follower-port.ts';
import { LeaderProgress, type Leadership } from './leader-progress.ts';
import type { LeaderTransaction } from './leader-transaction.ts';
import type { Member } from './member.ts';
import type { ReplicatorOptions } from './replicator-options.ts';
import { ResultEvidence } from './result-evidence.ts';
import { Waiters } from './waiters.ts';
import { WriteGate } from './write-gate.ts';

export type { Leadership };

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
  readonly #ages: EntryAges;
  readonly #leaderChanges: Waiters;
  readonly #positionChanges: Waiters;
  /** Entries that fail on every copy, whose clients are yet to be told. */
  readonly #void = new Set<Seq>();
  #leader: LeaderProgress | undefined;
  #lastLeader: NodeName | undefined;
  #epoch: number;
  #electionHeld = false;
  #lastAcknowledged: Seq = noSeq;
  #leaderLostAtMs = 0;
  #timer: Timer | undefined;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
    this.#lastAcknowledged = options.sequencer.lastDurable;
    this.#ages = new EntryAges(options.clock);
    this.#leaderChanges = new Waiters(options.clock);
    this.#positionChanges = new Waiters(options.clock);
    this.gate = new WriteGate({ clock: options.clock, queueMax: () => options.queuedWritesMax });
    this.#acknowledgements = new Acknowledgements({
      acks: () => options.acks,
      followers: () => this.#inSyncFollowers(),
      nodeCount: options.nodeCount,
      readersTold: () => options.readersTold?.(),
    });
    this.#scheduleTick();
  }

  get leadership(): Leadership | undefined {
    return this.#leader?.leadership;
  }

  /** Under whom a write may begin now; undefined where it has to wait or is refused. */
  get term(): Leadership | undefined {
    return this.#missingCopies > 0 ? undefined : this.leadership;
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

  /** Highest entry that a reader on the node may have seen. */
  visible(name: NodeName): Seq {
    if (this.#leader?.leadership.name === name) return this.#leader.sent;
    // A node that just left may have shown all there is.
    return this.#members.get(name)?.applier.sent ?? this.#options.sequencer.lastDurable;
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
      ...markers,
      port,
      source: this.#options.sequencer,
      evidence: this.#evidence,
      clock: this.#options.clock,
      limits: this.#options.applyLimits,
      onProgress: () => this.#onProgress(member),
      onVoid: (seq) => this.#void.add(seq),
      onEnd: (end) => this.#onApplierEnd(member, end),
    });
    const { lastDurable: missedUpTo } = this.#options.sequencer;
    const member: Member = { name: port.name, port, applier, missedUpTo, inSync: false };
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

  /** Checks that a write may begin now, and under whom. Throws no_node, not_enough_in_sync. */
  async beginTerm(timeoutMs: number): Promise<Leadership> {
    if (!this.leadership) await this.#leaderChanges.wait(timeoutMs);
    const { leadership } = this;
    if (!leadership) {
      throw new LockstepError('no_node', `no node could take the write within ${timeoutMs} ms`);
    }
    if (this.#missingCopies > 0) {
      throw new LockstepError(
        'not_enough_in_sync',
        `${this.inSyncCount} nodes are in sync, ${this.copiesNeeded()} are needed for writes`,
      );
    }
    return leadership;
  }

  /** How many nodes must be in sync for writes, when there are so many in all. */
  copiesNeeded(nodeCount = this.#options.nodeCount()): number {
    const { acks, minInSync } = this.#options;
    return acks === 'quorum' ? Math.max(minInSync, Math.floor(nodeCount / 2) + 1) : minInSync;
  }

  get #missingCopies(): number {
    return Math.max(0, this.copiesNeeded() - this.inSyncCount);
  }

  isCurrent(leadership: Leadership): boolean {
    return this.#leader?.leadership === leadership;
  }

  /**
   * Commits a transaction whose statements the leader has answered: append, then the leader's
   * COMMIT with its marker while followers apply, then the acknowledgement. Throws
   * outcome_unknown when no node is left to give that.
   */
  async commit(
    leadership: Leadership,
    draft: CommitDraft,
    transaction: LeaderTransaction,
  ): Promise<CommitOutcome> {
    if (faultPoints.armed) await faultPoints.reach('commit.begun', leadership.name);
    if (this.gate.commits.held) await this.gate.commits.whenFree();
    const refusal = this.#refusal(leadership, draft, transaction);
    if (refusal) {
      await transaction.rollback();
      return refusal;
    }
    const { epoch } = leadership;
    const confirmed = this.#leader?.position ?? noSeq;
    const { kind, lastCommitted, commands, changed, keyed } = draft;
    const whole = { kind, epoch, lastCommitted, confirmed, commands, changed, keyed };
    const { entry, durable } = this.#options.sequencer.append(whole);
    try {
      if (faultPoints.armed) await faultPoints.during(durable, 'commit.appended', leadership.name);
      await durable;
    } catch (error) {
      await transaction.rollback();
      return { kind: 'not_logged', error: asError(error) };
    }
    if (faultPoints.armed) await faultPoints.reach('commit.durable', leadership.name);
    const acknowledged = this.#acknowledgements.wait(entry.seq);
    const leader = this.#leader;
    if (leader?.leadership === leadership) await this.#commitOnLeader(leader, entry, transaction);
    else {
      // It gets the entry from the log, like any node: its own transaction must not commit too.
      if (entry.kind === 'transaction') void transaction.rollback();
      this.#acknowledgements.leaderLost();
    }
    const end = await acknowledged;
    if (faultPoints.armed) await faultPoints.reach('commit.acknowledged', leadership.name);
    if (this.#void.delete(entry.seq)) {
      const reason = 'the leader gave up its locks before the transaction was logged';
      return aborted(reason);
    }
    if (end === 'unproven') throw outcomeUnknown(entry.seq);
    if (entry.seq > this.#lastAcknowledged) this.#lastAcknowledged = entry.seq;
    return { kind: 'committed', seq: entry.seq };
  }

  /** Why a transaction may not be logged; undefined if it may. */
  #refusal(at: Leadership, draft: CommitDraft, { alive }: LeaderTransaction): Aborted | undefined {
    if (!this.isCurrent(at)) return aborted('the leader changed before the commit');
    if (!alive) return aborted('the connection to the leader broke before the commit');
    if (this.#missingCopies > 0) return aborted('too few nodes are in sync');
    return this.#options.sequencer.stillHolds(draft.premise) ? undefined : overtaken;
  }

  async #commitOnLeader(
    leader: LeaderProgress,
    entry: Entry,
    transaction: LeaderTransaction,
  ): Promise<void> {
    leader.send(entry.seq);
    const { name } = leader.leadership;
    const committing = transaction.commit(entry.seq);
    if (faultPoints.armed) await faultPoints.during(committing, 'commit.sent', name);
    const outcome = await committing;
    if (faultPoints.armed) await faultPoints.reach('commit.answered', name);
    if (this.#leader !== leader) return;
    if (outcome.kind === 'unknown') {
      this.breakLeader(leader.leadership, outcome.reason);
      return;
    }
    leader.confirm(entry.seq);
    this.#evidence.prove(leader.position);
    this.#acknowledgements.prove(leader.position);
    this.#positionChanges.notify();
  }

  /** Resolves when the position of some in-sync node has changed, or after `timeoutMs`. */
  positionChanged(timeoutMs: number): Promise<void> {
    return this.#positionChanges.wait(timeoutMs);
  }

  /** The sequencer reports each entry as it becomes durable. */
  onDurable(entry: Entry): void {
    this.#ages.note(entry.seq);
    for (const member of this.#members.values()) {
      if (this.#leader?.member !== member) member.applier.wake();
    }
  }

  /**
   * The leader's term ends because a write broke its connection at a moment when only its
   * markers can tell what took effect. Nothing happens if it ended before.
   */
  breakLeader(leadership: Leadership, reason: string): void {
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
    this.#leaderLostAtMs = this.#options.clock.nowMs();
    this.#lastLeader = leader.leadership.name;
    this.#evidence.distrust(leader.leadership.epoch, nextSeq(leader.position));
    this.#acknowledgements.leaderLost();
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
      const leader = new LeaderProgress(member, this.#epoch);
      this.#leader = leader;
      this.#evidence.begin(this.#epoch, leader.position);
      this.#acknowledgements.prove(leader.position);
      observer.onLeaderChanged({
        ...(this.#lastLeader === undefined ? {} : { from: this.#lastLeader }),
        to: member.name,
        epoch: this.#epoch,
        reason: 'it is in sync and has every entry',
      });
      this.#leaderChanges.notify();
      return;
    }
  }

  #onProgress(member: Member): void {
    const { sequencer, observer } = this.#options;
    if (this.#members.get(member.name) !== member) return;
    const isThrough = member.applier.position >= member.missedUpTo;
    const isNear = isThrough && this.#ageOfOldestPendingMs(member) < this.#inFlightWindowMs;
    if (isNear && !member.inSync) {
      member.inSync = true;
      observer.onInSync(member.name);
    }
    this.#acknowledgements.progress();
    if (!this.#leader && member.applier.position === sequencer.lastDurable) this.#elect();
    this.#positionChanges.notify();
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

  /** Zero when nothing is pending. */
  #ageOfOldestPendingMs(member: Member): number {
    const { position } = member.applier;
    if (position >= this.#options.sequencer.lastDurable) return 0;
    return this.#ages.ageMs(nextSeq(position));
  }

  #scheduleTick(): void {
    const everyMs = Math.max(10, Math.min(this.#options.syncTimeoutMs / 5, 200));
    this.#timer = this.#options.clock.after(everyMs, () => {
      this.#tick();
      this.#scheduleTick();
    });
  }

  #tick(): void {
    const { clock, sequencer, syncTimeoutMs, noNodeTimeoutMs, observer } = this.#options;
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
    const followers = this.#inSyncFollowers();
    // Nodes of which only the connections broke are back before this, and one of them tells.
    const patienceMs = Math.max(syncTimeoutMs, noNodeTimeoutMs);
    const leaderlessMs = this.#leader ? 0 : clock.nowMs() - this.#leaderLostAtMs;
    if (followers.length === 0 && leaderlessMs > patienceMs) this.#acknowledgements.giveUp();
    this.#acknowledgements.progress();
    this.#elect();
    this.#ages.forgetUpTo(Math.min(sequencer.lastDurable, ...followers.map((at) => at.position)));
    this.#leader?.fold();
  }

  close(): void {
    this.#timer?.cancel();
    for (const member of this.#members.values()) void member.applier.stop();
  }
}
