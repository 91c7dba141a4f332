/** Per second, and milliseconds; null where there was nothing to measure. */
export interface ClusterSample {
  readonly reads: number;
  readonly writes: number;
  readonly errors: number;
  readonly readP50: number | null;
  readonly readP95: number | null;
  readonly readP99: number | null;
  readonly writeP50: number | null;
  readonly writeP95: number | null;
  readonly writeP99: number | null;
  readonly sessions: number;
}

export interface NodeSample {
  readonly reads: number;
  readonly p99: number | null;
  readonly pending: number;
  readonly state: string;
}

export interface HistorySample {
  readonly kind: 'sample';
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly cluster: ClusterSample;
  readonly nodes: Readonly<Record<string, NodeSample>>;
}

/** A node in several samples. */
export interface HistoryNode extends Omit<NodeSample, 'state'> {
  /** Null while it was no member. */
  readonly state: string | null;
}

type Columns<Row> = { readonly [Key in keyof Row]: readonly (Row[Key] | null)[] };

export interface HistoryRange {
  readonly stepMs: number;
  readonly at: readonly number[];
  readonly cluster: Columns<ClusterSample>;
  readonly nodes: Readonly<Record<string, Columns<HistoryNode>>>;
}
