import type { NodeName } from '../base/brands.ts';
import { version } from '../base/version.ts';
import type { Config } from '../config/config.ts';
import type { CommandLog } from '../log/command-log.ts';
import type { Node } from '../nodes/node.ts';
import type { Replicator } from '../replication/replicator.ts';
import type { Sequencer } from '../replication/sequencer.ts';
import type { Cluster } from '../replication/shell/cluster.ts';
import type { Verifications } from '../replication/shell/verify/verifications.ts';
import type { ReadRouter } from '../routing/read-router.ts';
import type { ResultCache } from '../sessions/cache/result-cache.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import { createMetrics, type Metrics, type NodeMetrics } from '../telemetry/metrics.ts';
import type { StatementMetrics } from '../telemetry/statement-metrics.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { Observation } from './observation.ts';
import { readiness } from './readiness.ts';

/** What the metrics are made of, asked each time they are collected. */
export interface MetricSources {
  readonly config: Config;
  readonly log: CommandLog;
  readonly counters: Counters;
  readonly events: EventLog;
  readonly observation: Observation;
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly cluster: Cluster;
  readonly replicator: Replicator;
  readonly sequencer: Sequencer;
  readonly router: ReadRouter;
  readonly verifications: Verifications;
  readonly cache: ResultCache;
  readonly lender: WorkerPool | undefined;
}

export function balancerMetrics(sources: MetricSources): Metrics {
  const { config, log, counters, events, observation, nodes, replicator, sequencer } = sources;
  const { verifications } = sources;
  return createMetrics({
    counters: () => {
      const counted = counters.snapshot();
      const members = [...counted.nodes].filter(([name]) => nodes.has(name));
      return { ...counted, nodes: new Map(members) };
    },
    nodes: () => [...nodes.values()].map((node) => nodeMetrics(sources, node)),
    statements: () => statementMetrics(sources),
    cluster: () => ({
      version,
      ready: readiness(replicator, config).ready,
      epoch: replicator.epoch,
      sessionsMax: config.limits.sessions,
      events: events.counts,
      lateMs: observation.history.lateMs,
    }),
    log: () => ({
      lastSeq: log.lastSeq,
      bytes: log.sizeBytes,
      retentionBytes: config.log.retentionBytes,
      writable: sequencer.failed === undefined,
    }),
    cache: () => sources.cache.figures,
    workers: () => sources.lender?.figures ?? { running: 0, sessions: 0, reads: 0 },
    verify: () => {
      const { running, last } = verifications.status;
      const { rows } = verifications;
      if (last?.outcome.kind !== 'done') return { running: running !== undefined, rows };
      const { finishedAt, outcome } = last;
      const { equal } = outcome.report;
      return { running: running !== undefined, rows, last: { equal, finishedAt } };
    },
  });
}

function nodeMetrics({ cluster, router, replicator }: MetricSources, node: Node): NodeMetrics {
  const { active, averageMs } = router.statistics(node.name);
  return {
    node: node.name,
    state: node.state,
    up: node.state === 'UP',
    inSync: replicator.inSync(node.name),
    leader: replicator.leadership?.name === node.name,
    weight: node.weight,
    connections: node.connectionCount,
    activeReads: active,
    pendingEntries: cluster.pending(node.name),
    latencyMs: averageMs || undefined,
  };
}

function statementMetrics({ observation, nodes }: MetricSources): StatementMetrics {
  const { statistics } = observation;
  return {
    readTimes: [...nodes.keys()].map((name) => [name, statistics.readTimes(name)]),
    writeTimes: statistics.writeTimes,
    errors: statistics.errors,
    slow: statistics.slowCount,
    digests: statistics.digests.size,
    forgotten: statistics.digests.forgotten,
    spans: observation.tracer?.counts ?? { exported: 0, dropped: 0 },
  };
}
