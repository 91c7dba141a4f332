import type { Seq } from '../base/brands.ts';
import type { CommitDraft } from '../replication/entry.ts';
import type { LeaderCommit, LeaderTransaction } from '../replication/leader-transaction.ts';
import type { CommitOutcome } from '../replication/commit-outcome.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { Trace, TraceStep } from '../telemetry/tracing/trace.ts';
import { nodeAttributes } from './begin-trace.ts';
import type { SessionCore } from './session-core.ts';

/** Appends an entry and commits it, and tells the statement's trace of both if it has one. */
export function commitEntry(
  core: SessionCore,
  leadership: Leadership,
  draft: CommitDraft,
  lane: LeaderTransaction,
): Promise<CommitOutcome> {
  const { replicator } = core.context;
  const { trace } = core.running;
  if (!trace) return replicator.commit(leadership, draft, lane);
  const traced = new TracedCommit(core, trace, { lane, leadership });
  return replicator.commit(leadership, draft, traced).finally(() => traced.end());
}

/** The replicator asks the leader to commit at once when the entry is durable in the log. */
class TracedCommit implements LeaderTransaction {
  readonly #core: SessionCore;
  readonly #trace: Trace;
  readonly #lane: LeaderTransaction;
  readonly #leadership: Leadership;
  readonly #append: TraceStep;
  #acknowledgement: TraceStep | undefined;

  constructor(
    core: SessionCore,
    trace: Trace,
    { lane, leadership }: { lane: LeaderTransaction; leadership: Leadership },
  ) {
    this.#core = core;
    this.#trace = trace;
    this.#lane = lane;
    this.#leadership = leadership;
    this.#append = trace.begin('log append', {});
  }

  get alive(): boolean {
    return this.#lane.alive;
  }

  async commit(seq: Seq): Promise<LeaderCommit> {
    this.#append.end(undefined, { 'lockstep.seq': seq });
    this.#acknowledgement = this.#trace.begin('acknowledgement', { 'lockstep.seq': seq });
    const node = this.#core.node(this.#leadership.name);
    const step = this.#trace.begin(`COMMIT ${node.name}`, nodeAttributes(node));
    const outcome = await this.#lane.commit(seq);
    step.end(outcome.kind === 'unknown' ? outcome.reason : undefined);
    return outcome;
  }

  async rollback(): Promise<void> {
    this.#append.end('rolled back');
    await this.#lane.rollback();
  }

  end(): void {
    this.#acknowledgement?.end();
  }
}
