import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Node } from '../nodes/node.ts';
import type { LoadFiles } from '../log/load-files.ts';
import type { Replicator } from '../replication/replicator.ts';
import type { Sequencer } from '../replication/sequencer.ts';
import type { LeaderDdl } from '../replication/shell/leader-ddl.ts';
import type { ReadRouter } from '../routing/read-router.ts';
import type { StatementCache } from '../sql/statement-cache.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import type { StatementStatistics } from '../telemetry/statement-statistics.ts';
import type { Tracer } from '../telemetry/tracing/trace.ts';
import type { AccountChanges, Accounts } from './accounts.ts';
import type { ResultCache } from './cache/result-cache.ts';
import type { MarkerRights } from './marker-rights.ts';
import type { SessionLender } from './session-lender.ts';
import type { TableCatalogue } from '../nodes/table-catalogue.ts';
import type { ViewedReads } from './viewed-reads.ts';

/** What every session shares. Built once, by the composition root. */
export interface SessionContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly router: ReadRouter;
  readonly replicator: Replicator;
  readonly sequencer: Sequencer;
  readonly leaderDdl: LeaderDdl;
  /** What clients send for LOAD DATA LOCAL. */
  readonly files: LoadFiles;
  readonly catalogue: TableCatalogue;
  readonly viewed: ViewedReads;
  readonly cache: ResultCache;
  /** Undefined: every session is served by this process alone. */
  readonly lender: SessionLender | undefined;
  readonly statements: StatementCache;
  readonly events: EventLog;
  readonly counters: Counters;
  readonly statistics: StatementStatistics;
  readonly tracer: Tracer | undefined;
  readonly random: () => number;
  readonly accounts: Accounts;
  readonly accountChanges: AccountChanges;
  readonly markerRights: MarkerRights;
  /** Something took effect on this node alone: its copy differs from the log. */
  readonly onStranded: (node: NodeName, detail: string) => void;
  /** A client gave no right password. */
  readonly onDenied: (login: { readonly host: string; readonly message: string }) => void;
  /** A defect of our own: reported, and the session that met it is closed. */
  readonly onFault: (error: unknown) => void;
}
