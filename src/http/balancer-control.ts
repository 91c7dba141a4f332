import type { NodeName } from '../base/brands.ts';
import type { StrategyName } from '../config/strategy-name.ts';
import type { NodeState } from '../nodes/node-state.ts';
import type { EventLog } from '../telemetry/event-log.ts';

/** What HTTP, CLI and page need of a running balancer; all values are snapshots. */
export interface BalancerControl {
  status(): BalancerStatus;
  nodes(): NodeStatus[];
  /** Throws LockstepError('not_found'), as does every method that takes a node's name. */
  node(name: string): NodeStatus;
  /** The entries that the node has not applied yet, oldest first, from behind `after`. */
  nodeLog(name: string, options: LogPageOptions): Promise<NodeLog>;
  log(options: LogPageOptions): Promise<LogPage>;
  enable(name: string): Promise<void>;
  disable(name: string): Promise<void>;
  drain(name: string): Promise<void>;
  resync(name: string): Promise<void>;
  setWeight(name: string, weight: number): void;
  strategy(): StrategyStatus;
  setStrategy(name: StrategyName): void;
  /** Throws ServerError for what a server refused, LockstepError for what Lockstep refused. */
  query(request: QueryRequest): Promise<QueryOutcome>;
  /** The fate of a write that was accepted while no node was there. */
  command(id: string): Promise<CommandOutcome>;
  verify(): Promise<VerifyReport>;
  readonly events: EventLog;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  ready(): Readiness;
}

export interface BalancerStatus {
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly uptimeMs: number;
  readonly strategy: StrategyName;
  readonly consistency: string;
  readonly acks: string;
  readonly leader?: NodeName;
  readonly epoch: number;
  readonly lastSeq: number;
  readonly log: { readonly firstSeq: number; readonly lastSeq: number; readonly sizeBytes: number };
  readonly sessions: number;
  readonly nodes: readonly NodeStatus[];
  /** One sentence, e.g. "5 of 5 nodes in sync, nothing pending". */
  readonly summary: string;
}

export interface NodeStatus {
  readonly name: NodeName;
  /** `host:port`. */
  readonly address: string;
  readonly state: NodeState;
  /** When it entered that state, ISO 8601. */
  readonly since: string;
  readonly reason?: string;
  readonly leader: boolean;
  readonly weight: number;
  readonly inSync: boolean;
  readonly position: number;
  readonly pending: number;
  readonly activeReads: number;
  /** Moving average of its reads, milliseconds. */
  readonly averageMs: number;
  readonly reads: number;
  readonly writes: number;
  readonly connections: number;
  readonly serverVersion?: string;
}

export interface LogPageOptions {
  /** A seq; only entries behind it. */
  readonly after?: number;
  readonly limit: number;
}

export interface LogPage {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly entries: readonly LoggedCommand[];
}

export interface NodeLog {
  readonly node: NodeName;
  readonly position: number;
  readonly pending: number;
  readonly entries: readonly LoggedCommand[];
}

/** One entry of the command log, made readable. */
export interface LoggedCommand {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly kind: string;
  readonly commands: readonly LoggedStatement[];
  readonly bytes: number;
}

export interface LoggedStatement {
  readonly sql: string;
  readonly schema: string;
  readonly pins: Readonly<Record<string, string>>;
  readonly affectedRows: number;
  readonly insertId: string;
}

export interface StrategyStatus {
  readonly name: StrategyName;
  readonly available: readonly StrategyName[];
}

export interface QueryRequest {
  readonly sql: string;
  readonly schema?: string;
  /** For the `?` markers of `sql`, in order. */
  readonly parameters?: readonly unknown[];
  /** Accept a write while no node is there, and run it when the first returns. */
  readonly queueWhenDown?: boolean;
}

export type QueryOutcome = RowsOutcome | ResultOutcome | AcceptedOutcome;

export interface RowsOutcome {
  readonly kind: 'rows';
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rowCount: number;
  /** True when the answer held more rows than are shown. */
  readonly truncated: boolean;
  readonly node: NodeName;
  readonly durationMs: number;
}

export interface ResultOutcome {
  readonly kind: 'result';
  readonly affectedRows: number;
  readonly insertId: string;
  readonly warnings: number;
  /** The leader that executed it first. */
  readonly node: NodeName;
  /** Its place in the command log; absent when nothing was logged. */
  readonly seq?: number;
  readonly durationMs: number;
}

export interface AcceptedOutcome {
  readonly kind: 'accepted';
  readonly id: string;
}

export interface CommandOutcome {
  readonly id: string;
  readonly state: 'queued' | 'done' | 'failed';
  readonly sql: string;
  readonly outcome?: QueryOutcome;
  readonly error?: string;
}

export interface VerifyReport {
  readonly equal: boolean;
  /** The nodes were compared as of this entry. */
  readonly seq: number;
  readonly tables: readonly VerifiedTable[];
}

export interface VerifiedTable {
  readonly schema: string;
  readonly table: string;
  readonly nodes: Readonly<Record<string, { readonly rows: number; readonly checksum: string }>>;
  readonly equal: boolean;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}
