import type { Clock } from '../base/clock.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import { asText, shownText } from '../sessions/shown-text.ts';
import type { ReadRouter } from '../routing/read-router.ts';
import type { Counters } from '../telemetry/counters.ts';
import { digestOf } from '../telemetry/query-digests.ts';
import type { StatementStatistics } from '../telemetry/statement-statistics.ts';
import type { ReadReport, SlowRead } from './messages.ts';

/** Where reads are counted. */
export interface ReadsCounted {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly statistics: StatementStatistics;
  readonly router: ReadRouter;
  readonly sessions: SessionRegistry;
}

/** Counts what a worker has answered as if this process had. */
export function countReads(report: ReadReport, counted: ReadsCounted): void {
  const { clock, counters, statistics, router, sessions } = counted;
  const nowMs = clock.nowMs();
  for (const reads of report.reads) {
    const { node, times } = reads;
    sessions.commands += times.count;
    counters.node(node).reads += times.count;
    router.served(node, { reads: times.count, averageMs: times.totalMs / times.count });
    statistics.addReads(reads, nowMs);
  }
  for (const slow of report.slow) recordSlow(slow, counted);
}

function recordSlow(slow: SlowRead, { statistics, sessions }: ReadsCounted): void {
  const core = sessions.get(slow.id)?.core;
  if (!core) return;
  const statement = core.analyse(slow.sql);
  const { node, rows, durationMs } = slow;
  statistics.recordSlow({
    sql: shownText(core, statement, slow.sql),
    digest: digestOf(statement.normalised),
    schema: asText(core, core.state.schema),
    user: core.account.user,
    host: core.host,
    ...{ node, rows, durationMs },
  });
}
