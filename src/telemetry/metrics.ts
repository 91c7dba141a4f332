import { Registry } from 'prom-client';
import type { NodeName } from '../base/brands.ts';
import { type CacheMetrics, registerCache } from './cache-metrics.ts';
import { counter, gauge, type Sample } from './copied-metric.ts';
import type { CountersSnapshot } from './counters.ts';
import { registerProcess } from './process-metrics.ts';
import { registerTimes, type StatementMetrics } from './statement-metrics.ts';
import { registerWorkers, type WorkerMetrics } from './worker-metrics.ts';

/** One node as it is at the moment of a scrape. */
export interface NodeMetrics {
  readonly node: NodeName;
  readonly state: string;
  /** Whether it is in rotation for reads. */
  readonly up: boolean;
  readonly inSync: boolean;
  readonly leader: boolean;
  readonly weight: number;
  readonly connections: number;
  readonly activeReads: number;
  readonly pendingEntries: number;
  /** Moving average of a read; undefined before the first one. */
  readonly latencyMs: number | undefined;
}

/** Comparisons of the nodes, as they are at the moment of a scrape. */
export interface VerifyMetrics {
  readonly running: boolean;
  /** Rows compared since the start. */
  readonly rows: number;
  /** The latest that came to an end; undefined before the first. */
  readonly last?: { readonly equal: boolean; readonly finishedAt: number };
}

export interface LogMetrics {
  readonly lastSeq: number;
  readonly bytes: number;
  readonly retentionBytes: number;
  /** The latest write was taken. */
  readonly writable: boolean;
}

/** Lockstep as a whole. */
export interface ClusterMetrics {
  readonly version: string;
  readonly ready: boolean;
  /** The term of leadership. */
  readonly epoch: number;
  readonly sessionsMax: number;
  /** By kind. */
  readonly events: ReadonlyMap<string, number>;
  /** How late the latest timer ran: what else had to run then waited as long. */
  readonly lateMs: number;
}

/** Where the numbers come from; each is asked once a scrape. */
export interface MetricsCollectors {
  readonly counters: () => CountersSnapshot;
  readonly nodes: () => readonly NodeMetrics[];
  readonly statements: () => StatementMetrics;
  readonly cluster: () => ClusterMetrics;
  readonly log: () => LogMetrics;
  readonly verify: () => VerifyMetrics;
  readonly cache: () => CacheMetrics;
  readonly workers: () => WorkerMetrics;
}

export interface Metrics {
  /** The value of the Content-Type header that belongs to the text. */
  readonly contentType: string;
  /** The text in Prometheus' exposition format. */
  render(): Promise<string>;
}

export function createMetrics(collectors: MetricsCollectors): Metrics {
  const registry = new Registry();
  registerCluster(registry, collectors);
  registerStatements(registry, collectors);
  registerTimes(registry, collectors.statements);
  registerNodes(registry, collectors);
  registerLog(registry, collectors);
  registerVerify(registry, collectors);
  registerCache(registry, collectors.cache);
  registerWorkers(registry, collectors.workers);
  registerProcess(registry, () => collectors.cluster().lateMs);
  return { contentType: registry.contentType, render: () => registry.metrics() };
}

function registerCluster(registry: Registry, { cluster }: MetricsCollectors): void {
  gauge(registry, {
    name: 'lockstep_build_info',
    help: 'Always 1; the version is the label.',
    labels: ['version'],
    collect: () => [[{ version: cluster().version }, 1]],
  });
  gauge(registry, {
    name: 'lockstep_ready',
    help: '1 while there is a leader and enough nodes are in sync for writes, else 0 (as /readyz).',
    labels: [],
    collect: () => [[{}, cluster().ready ? 1 : 0]],
  });
  counter(registry, {
    name: 'lockstep_events_total',
    help: 'Events since the start, by kind: what GET /events tells.',
    labels: ['kind'],
    collect: () => [...cluster().events].map(([kind, count]) => [{ kind }, count]),
  });
  gauge(registry, {
    name: 'lockstep_leader_epoch',
    help: 'Term of leadership; it grows with each change of the leader.',
    labels: [],
    collect: () => [[{}, cluster().epoch]],
  });
  gauge(registry, {
    name: 'lockstep_sessions_max',
    help: 'Client sessions that may be open (`limits.sessions`).',
    labels: [],
    collect: () => [[{}, cluster().sessionsMax]],
  });
}

function registerStatements(registry: Registry, { counters }: MetricsCollectors): void {
  counter(registry, {
    name: 'lockstep_queries_total',
    help: 'Statements that a node executed: reads, writes as the leader, entries as a follower.',
    labels: ['node', 'kind'],
    collect: () =>
      [...counters().nodes].flatMap(([node, { reads, writes, applied }]): Sample[] => [
        [{ node, kind: 'read' }, reads],
        [{ node, kind: 'write' }, writes],
        [{ node, kind: 'apply' }, applied],
      ]),
  });
  counter(registry, {
    name: 'lockstep_retries_total',
    help: 'Reads taken to another node because this one failed before it answered.',
    labels: ['node'],
    collect: () => [...counters().nodes].map(([node, { retries }]) => [{ node }, retries]),
  });
  counter(registry, {
    name: 'lockstep_server_errors_total',
    help: 'Errors a node answered with, passed on to the client.',
    labels: ['node'],
    collect: () =>
      [...counters().nodes].map(([node, { serverErrors }]) => [{ node }, serverErrors]),
  });
  counter(registry, {
    name: 'lockstep_node_connections_total',
    help: 'Connections opened to a node, by how that went.',
    labels: ['node', 'outcome'],
    collect: () =>
      [...counters().nodes].flatMap(([node, of]): Sample[] => [
        [{ node, outcome: 'opened' }, of.connectionsOpened],
        [{ node, outcome: 'failed' }, of.connectionsFailed],
      ]),
  });
  counter(registry, {
    name: 'lockstep_errors_total',
    help: 'Errors that Lockstep itself raised, by code.',
    labels: ['code'],
    collect: () => [...counters().errors].map(([code, count]) => [{ code }, count]),
  });
  counter(registry, {
    name: 'lockstep_refused_statements_total',
    help: 'Statements refused because the nodes could not all compute the same, by reason.',
    labels: ['reason'],
    collect: () => [...counters().refused].map(([reason, count]) => [{ reason }, count]),
  });
  counter(registry, {
    name: 'lockstep_sessions_opened_total',
    help: 'Client sessions opened since the start.',
    labels: [],
    collect: () => [[{}, counters().sessionsOpened]],
  });
  gauge(registry, {
    name: 'lockstep_sessions',
    help: 'Client sessions open now.',
    labels: [],
    collect: () => [[{}, counters().sessionsOpen]],
  });
  gauge(registry, {
    name: 'lockstep_sessions_pinned',
    help: 'Client sessions that keep a connection to the leader for state that cannot be carried.',
    labels: [],
    collect: () => [[{}, counters().sessionsPinned]],
  });
}

function registerNodes(registry: Registry, { nodes }: MetricsCollectors): void {
  gauge(registry, {
    name: 'lockstep_node_up',
    help: '1 while the node is in rotation for reads, else 0.',
    labels: ['node'],
    collect: () => nodes().map(({ node, up }) => [{ node }, up ? 1 : 0]),
  });
  const marks = [
    ['lockstep_node_in_sync', '1 while the node is up and has nothing pending, else 0.', 'inSync'],
    ['lockstep_node_leader', '1 for the node on which writes run first, else 0.', 'leader'],
  ] as const;
  for (const [name, help, mark] of marks) {
    gauge(registry, {
      ...{ name, help, labels: ['node'] },
      collect: () => nodes().map((of) => [{ node: of.node }, of[mark] ? 1 : 0]),
    });
  }
  gauge(registry, {
    name: 'lockstep_node_state',
    help: '1 for the state that the node is in: UP, DOWN, QUARANTINED …',
    labels: ['node', 'state'],
    collect: () => nodes().map(({ node, state }) => [{ node, state }, 1]),
  });
  const numbers = [
    ['lockstep_node_weight', 'Share of the reads, relative to other nodes.', 'weight'],
    ['lockstep_node_connections', 'Connections open to the node.', 'connections'],
    ['lockstep_node_active_reads', 'Reads that the node is at.', 'activeReads'],
  ] as const;
  for (const [name, help, number] of numbers) {
    gauge(registry, {
      ...{ name, help, labels: ['node'] },
      collect: () => nodes().map((of) => [{ node: of.node }, of[number]]),
    });
  }
  gauge(registry, {
    name: 'lockstep_node_pending_entries',
    help: 'Entries of the command log that the node has yet to apply.',
    labels: ['node'],
    collect: () => nodes().map(({ node, pendingEntries }) => [{ node }, pendingEntries]),
  });
  gauge(registry, {
    name: 'lockstep_node_latency_seconds',
    help: 'Moving average of the time of a read on the node.',
    labels: ['node'],
    collect: () =>
      nodes().flatMap(({ node, latencyMs }): Sample[] =>
        latencyMs === undefined ? [] : [[{ node }, latencyMs / 1000]],
      ),
  });
}

function registerLog(registry: Registry, { log }: MetricsCollectors): void {
  gauge(registry, {
    name: 'lockstep_log_last_seq',
    help: 'Seq of the last durable entry of the command log.',
    labels: [],
    collect: () => [[{}, log().lastSeq]],
  });
  gauge(registry, {
    name: 'lockstep_log_bytes',
    help: 'Bytes of the command log on disk.',
    labels: [],
    collect: () => [[{}, log().bytes]],
  });
  gauge(registry, {
    name: 'lockstep_log_retention_bytes',
    help: 'Beyond this size nodes that are away lose their place (`log.retention_bytes`).',
    labels: [],
    collect: () => [[{}, log().retentionBytes]],
  });
  gauge(registry, {
    name: 'lockstep_log_writable',
    help: '0 while writes are refused because the disk of the log fails or is full, else 1.',
    labels: [],
    collect: () => [[{}, log().writable ? 1 : 0]],
  });
}

function registerVerify(registry: Registry, { verify }: MetricsCollectors): void {
  gauge(registry, {
    name: 'lockstep_verify_running',
    help: '1 while the nodes are being compared, else 0.',
    labels: [],
    collect: () => [[{}, verify().running ? 1 : 0]],
  });
  counter(registry, {
    name: 'lockstep_verify_rows_total',
    help: 'Rows compared since the start, each counted once whatever the number of nodes.',
    labels: [],
    collect: () => [[{}, verify().rows]],
  });
  gauge(registry, {
    name: 'lockstep_verify_equal',
    help: '1 when the latest comparison found the nodes equal, else 0.',
    labels: [],
    collect: () => lastOf(verify, ({ equal }) => (equal ? 1 : 0)),
  });
  gauge(registry, {
    name: 'lockstep_verify_finished_timestamp_seconds',
    help: 'When the latest comparison came to an end.',
    labels: [],
    collect: () => lastOf(verify, ({ finishedAt }) => finishedAt / 1000),
  });
}

function lastOf(
  verify: () => VerifyMetrics,
  value: (last: NonNullable<VerifyMetrics['last']>) => number,
): readonly Sample[] {
  const { last } = verify();
  return last ? [[{}, value(last)]] : [];
}
