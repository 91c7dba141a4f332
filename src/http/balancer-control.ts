import type { SqlAccount } from '../access/http-sessions.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import type { History } from '../telemetry/history.ts';
import type { StatementStatistics } from '../telemetry/statement-statistics.ts';
import type {
  BalancerStatus,
  CommandOutcome,
  LogPage,
  LogVerification,
  NodeLog,
  NodeStatus,
  QueryOutcome,
  Readiness,
  RowsOutcome,
  StrategyStatus,
} from './schemas.ts';
import type { SessionStatus } from './session-schemas.ts';
import type { CacheStatus } from './cache-schemas.ts';
import type { Examination } from './doctor-schemas.ts';
import type { SettingsControl } from './settings-control.ts';
import type { VerifyReport, VerifyRequest, VerifyStatus } from './verify-schemas.ts';

export type {
  BalancerStatus,
  CommandOutcome,
  LoggedCommand,
  LogPage,
  LogVerification,
  NodeLog,
  NodeStatus,
  QueryOutcome,
  Readiness,
  RowsOutcome,
  StrategyStatus,
} from './schemas.ts';
export type { VerifyReport, VerifyRequest, VerifyStatus } from './verify-schemas.ts';

/** What HTTP, CLI and page need of a running balancer; all values are snapshots. */
export interface BalancerControl {
  status(): BalancerStatus;
  nodes(): readonly NodeStatus[];
  /** Throws LockstepError('not_found'), as does every method that takes a node's name. */
  node(name: string): NodeStatus;
  /** The entries that the node has not applied yet, oldest first, from behind `after`. */
  nodeLog(name: string, options: LogPageOptions): Promise<NodeLog>;
  log(options: LogPageOptions): Promise<LogPage>;
  /** Reads all of it from the disk, while it goes on. */
  verifyLog(): Promise<LogVerification>;
  enable(name: string): Promise<void>;
  disable(name: string): Promise<void>;
  drain(name: string): Promise<void>;
  /** Resolves when it has begun; the node's status tells how far it is. */
  resync(name: string): Promise<void>;
  /** Resolves when the node is a member and its copy or replay has begun. */
  addNode(request: AddNodeRequest): Promise<void>;
  /** Resolves when nothing goes to the node any more. */
  removeNode(name: string, options: RemoveNodeOptions): Promise<void>;
  /** Another server takes the node's place; resolves as `addNode` does. */
  replaceNode(request: AddNodeRequest & RemoveNodeOptions): Promise<void>;
  strategy(): StrategyStatus;
  readonly settings: SettingsControl;
  cache(): CacheStatus;
  clearCache(): void;
  /** Looks over nodes, disk and certificates; changes nothing. */
  examine(): Promise<Examination>;
  /** The database user with whose rights SQL is run that names none; the first configured. */
  readonly ownSqlUser: string;
  /** Whether the statement changes nothing, as far as its text tells. */
  reads(sql: string): boolean;
  /** Throws as `query` does when the user cannot log in. */
  checkSqlAccount(account: SqlAccount): Promise<void>;
  /** Throws ServerError for what a server refused, LockstepError for what Lockstep refused. */
  query(request: QueryRequest): Promise<QueryOutcome>;
  /** A read on this node alone, in sync or not. Throws as `query`. */
  queryNode(name: string, request: QueryRequest): Promise<RowsOutcome>;
  /** The fate of a write that was accepted while no node was there. */
  command(id: string): Promise<CommandOutcome>;
  /** Resolves at the end. Throws LockstepError('conflict') while one is under way. */
  verify(request?: VerifyRequest): Promise<VerifyReport>;
  /** As `verify`, without waiting for the end. */
  beginVerify(request: VerifyRequest): void;
  verifyStatus(): VerifyStatus;
  cancelVerify(): Promise<void>;
  sessions(): readonly SessionStatus[];
  /** Throws LockstepError('not_found'). */
  killSession(id: number, options: { readonly queryOnly: boolean }): void;
  readonly events: EventLog;
  readonly history: History;
  readonly statistics: StatementStatistics;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  ready(): Readiness;
}

export interface AddNodeRequest {
  readonly name: string;
  /** `mysql://user:password@host:port/schema?weight=1` */
  readonly url: string;
  /** Of the account in `url`, when it is not there. */
  readonly password?: string;
  /** What the server holds may be lost: it becomes a copy of another node. */
  readonly resync?: boolean;
}

export interface RemoveNodeOptions {
  /** Do not wait for what the node is at: it is dead, or may not matter. */
  readonly force?: boolean;
}

export interface LogPageOptions {
  /** A seq; only entries behind it. */
  readonly after?: number;
  readonly limit: number;
}

export interface QueryRequest {
  readonly sql: string;
  /** With whose rights; unless given, the first user configured. */
  readonly account?: SqlAccount;
  readonly schema?: string;
  /** For the `?` markers of `sql`, in order. */
  readonly parameters?: readonly unknown[];
  /** Accept a write while no node is there, and run it when the first returns. */
  readonly queueWhenDown?: boolean;
  /** Most rows; the outcome says when there are more. Default 10,000. */
  readonly limit?: number;
  /** The statement is ended when it takes longer: query_timeout, or its outcome after all. */
  readonly timeoutMs?: number;
  /** Nobody waits for it any more: a read is ended. */
  readonly signal?: AbortSignal;
  /** A write with a key that was used before has the outcome that it had then. */
  readonly idempotency?: { readonly key: string; readonly by: string };
  /** Takes the rows as they come; the outcome then has none. */
  readonly sink?: RowSink;
}

export interface RowSink {
  begin(columns: RowsOutcome['columns'], node: string): Promise<void>;
  /** No more are read before it resolves. */
  rows(rows: RowsOutcome['rows']): Promise<void>;
}
