import type { NodeName } from '../base/brands.ts';
import type { CommandLog } from '../log/command-log.ts';
import type { Node } from '../nodes/node.ts';
import type { Cluster } from '../replication/shell/cluster.ts';
import type { Verifications } from '../replication/shell/verify/verifications.ts';
import type { ReadRouter } from '../routing/read-router.ts';
import type { Counters } from '../telemetry/counters.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';

/** What the metrics are made of, asked each time they are collected. */
export interface MetricSources {
  readonly log: CommandLog;
  readonly counters: Counters;
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly cluster: Cluster;
  readonly router: ReadRouter;
  readonly verifications: Verifications;
}

export function balancerMetrics(sources: MetricSources): Metrics {
  const { log, counters, nodes, cluster, router, verifications } = sources;
  return createMetrics({
    counters: () => {
      const counted = counters.snapshot();
      const members = [...counted.nodes].filter(([name]) => nodes.has(name));
      return { ...counted, nodes: new Map(members) };
    },
    nodes: () =>
      [...nodes.values()].map((node) => ({
        node: node.name,
        up: node.state === 'UP',
        pendingEntries: cluster.pending(node.name),
        latencyMs: router.statistics(node.name).averageMs || undefined,
      })),
    log: () => ({ lastSeq: log.lastSeq, bytes: log.sizeBytes }),
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
