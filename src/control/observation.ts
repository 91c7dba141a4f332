import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Node } from '../nodes/node.ts';
import type { Cluster } from '../replication/shell/cluster.ts';
import type { Counters } from '../telemetry/counters.ts';
import { History } from '../telemetry/history.ts';
import type { Logger } from '../telemetry/logger.ts';
import { SlowQueryLog } from '../telemetry/slow-query-log.ts';
import { StatementStatistics } from '../telemetry/statement-statistics.ts';
import type { Tracer } from '../telemetry/tracing/trace.ts';

export interface ObservationOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly cluster: Cluster;
  readonly counters: Counters;
  readonly tracer: Tracer | undefined;
}

/** What is kept of how the balancer is doing: statements by form, and the last hour. */
export class Observation {
  readonly statistics: StatementStatistics;
  readonly history: History;
  readonly tracer: Tracer | undefined;
  readonly #slowLog: SlowQueryLog;

  constructor(options: ObservationOptions) {
    const { config, clock, logger, nodes, cluster, counters } = options;
    const { telemetry } = config;
    const slowLog = new SlowQueryLog({ clock, logger, file: telemetry.slowQueryFile });
    const statistics = new StatementStatistics({
      clock,
      slowQueryMs: () => telemetry.slowQueryMs,
      digestsMax: telemetry.digests,
      onSlow: (query) => {
        if (telemetry.slowQueryLog) slowLog.write(query);
      },
    });
    this.#slowLog = slowLog;
    this.statistics = statistics;
    this.tracer = options.tracer;
    this.history = new History({
      clock,
      look: () => ({
        nodes: [...nodes.values()].map(({ name, state }) => ({
          name,
          state,
          pending: cluster.pending(name),
          readTimes: statistics.readTimes(name),
        })),
        writeTimes: statistics.writeTimes,
        errors: statistics.errors,
        sessions: counters.sessionsOpen,
      }),
    });
    this.history.start();
  }

  async close(): Promise<void> {
    this.history.stop();
    await this.#slowLog.close();
    await this.tracer?.close();
  }
}
