/** One value a point of time; null where there was nothing to measure. */
export type Line = readonly (number | null)[];

export interface History {
  readonly stepMs: number;
  /** Milliseconds since 1970. */
  readonly at: readonly number[];
  readonly cluster: Readonly<Record<ClusterColumn, Line>>;
  readonly nodes: Readonly<Record<string, NodeHistory>>;
}

export const clusterColumns = [
  'reads',
  'writes',
  'errors',
  'readP50',
  'readP95',
  'readP99',
  'writeP50',
  'writeP95',
  'writeP99',
  'sessions',
] as const;
export type ClusterColumn = (typeof clusterColumns)[number];

export interface NodeHistory {
  readonly reads: Line;
  readonly p99: Line;
  readonly pending: Line;
}

export interface Digests {
  readonly since: string;
  readonly digests: readonly Digest[];
  readonly total?: number;
  readonly forgotten: number;
}

export interface Digest {
  readonly digest: string;
  readonly sql: string;
  readonly kind: string;
  readonly count: number;
  readonly errors: number;
  readonly rows: number;
  readonly totalMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly nodes: Readonly<Record<string, number>>;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export interface SlowQueries {
  readonly thresholdMs: number;
  readonly queries: readonly SlowQuery[];
}

export interface SlowQuery {
  readonly at: string;
  readonly sql: string;
  readonly digest: string;
  readonly schema: string;
  readonly user: string;
  readonly host: string;
  readonly node?: string;
  readonly durationMs: number;
  readonly rows: number;
  readonly errno?: number;
}

export interface RefusedQueries {
  readonly queries: readonly RefusedQuery[];
}

export interface RefusedQuery {
  readonly at: string;
  readonly sql: string;
  readonly user: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

export interface Sessions {
  readonly sessions: readonly Session[];
  readonly total?: number;
}

export interface Session {
  readonly id: number;
  readonly user: string;
  readonly host: string;
  readonly schema: string;
  readonly command: 'Query' | 'Sleep';
  readonly sql?: string;
  readonly since: string;
  readonly state: string;
  readonly node?: string;
  readonly pinned?: string;
  readonly inTransaction: boolean;
  readonly tls: boolean;
  readonly program?: string;
}

export interface Settings {
  readonly settings: readonly Setting[];
}

export interface Setting {
  readonly path: string;
  readonly value: unknown;
  readonly default?: unknown;
  readonly source: string;
  readonly changes: 'now' | 'restart';
  readonly description: string;
  readonly kind?: string;
  readonly allowed?: string;
  readonly choices?: readonly string[];
  /** What the file says, when a restart is needed for it. */
  readonly pending?: unknown;
}

/** Who uses the page. */
export interface Me {
  readonly role: 'admin' | 'viewer';
  readonly name: string;
  readonly sqlUser?: string;
  readonly csrf?: string;
  /** No accounts are configured: whoever is on this machine may do all. */
  readonly open: boolean;
}
