import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { NodeName } from '../base/brands.ts';
import type { CountersSnapshot } from './counters.ts';

/** One node as it is at the moment of a scrape. */
export interface NodeMetrics {
  readonly node: NodeName;
  /** Whether it is in rotation for reads. */
  readonly up: boolean;
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

/** Where the numbers come from; each is asked once a scrape. */
export interface MetricsCollectors {
  readonly counters: () => CountersSnapshot;
  readonly nodes: () => readonly NodeMetrics[];
  readonly log: () => { readonly lastSeq: number; readonly bytes: number };
  readonly verify: () => VerifyMetrics;
}

export interface Metrics {
  /** The value of the Content-Type header that belongs to the text. */
  readonly contentType: string;
  /** The text in Prometheus' exposition format. */
  render(): Promise<string>;
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** `processMetrics` adds those of the Node process: memory, CPU, event loop lag. */
export function createMetrics(
  collectors: MetricsCollectors,
  options: { readonly processMetrics?: boolean } = {},
): Metrics {
  const registry = new Registry();
  registerStatements(registry, collectors);
  registerNodes(registry, collectors);
  registerLog(registry, collectors);
  registerVerify(registry, collectors);
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });
  return { contentType: registry.contentType, render: () => registry.metrics() };
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

interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly collect: () => readonly Sample[];
}

/** A counter whose values are counted elsewhere and copied here at each scrape. */
function counter(registry: Registry, { name, help, labels, collect }: Definition): void {
  const metric = new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      metric.reset();
      for (const [sampleLabels, value] of collect()) metric.inc(sampleLabels, value);
    },
  });
}

function gauge(registry: Registry, { name, help, labels, collect }: Definition): void {
  const metric = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      metric.reset();
      for (const [sampleLabels, value] of collect()) metric.set(sampleLabels, value);
    },
  });
}
