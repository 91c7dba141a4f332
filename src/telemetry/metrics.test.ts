import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { nodeName } from '../base/brands.ts';
import { Counters } from './counters.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { createMetrics, type MetricsCollectors, type NodeMetrics } from './metrics.ts';

const a = nodeName('a');
const b = nodeName('b');

const times = (...all: number[]): LatencyHistogram => {
  const histogram = new LatencyHistogram();
  for (const ms of all) histogram.record(ms);
  return histogram;
};

function node(name: typeof a, change: Partial<NodeMetrics> = {}): NodeMetrics {
  return {
    ...{ node: name, state: 'UP', up: true, inSync: true, leader: false, weight: 1 },
    ...{ connections: 3, activeReads: 2, pendingEntries: 0, latencyMs: 2.5, ...change },
  };
}

function collectors(change: Partial<MetricsCollectors> = {}): MetricsCollectors {
  const counters = new Counters();
  counters.node(a).reads += 3;
  counters.node(a).writes += 2;
  counters.node(b).applied += 2;
  counters.node(b).retries += 1;
  counters.error('no_node');
  counters.refused('uuid');
  for (let i = 0; i < 2; i += 1) counters.sessionOpened();
  counters.sessionClosed();
  return {
    counters: () => counters.snapshot(),
    nodes: () => [
      node(a, { leader: true }),
      node(b, { state: 'DOWN', up: false, inSync: false, pendingEntries: 7, latencyMs: undefined }),
    ],
    statements: () => ({
      readTimes: [
        [a, times(0.2, 3)],
        [b, times()],
      ],
      writeTimes: times(10),
      ...{ errors: 4, slow: 5, digests: 6, forgotten: 7, spans: { exported: 8, dropped: 2 } },
    }),
    cluster: () => ({
      ...{ version: '1.2.3', ready: true, epoch: 9, sessionsMax: 100, lateMs: 3 },
      events: new Map([['divergence', 1]]),
    }),
    log: () => ({ lastSeq: 42, bytes: 4096, retentionBytes: 10_000, writable: true }),
    verify: () => ({ running: false, rows: 9, last: { equal: true, finishedAt: 5_000 } }),
    workers: () => ({ running: 2, sessions: 3, reads: 40 }),
    cache: () => ({
      ...{ bytes: 2048, answers: 3, hits: 20, misses: 5 },
      ...{ fills: 4, evictions: 1, invalidations: 2 },
    }),
    ...change,
  };
}

const render = (change?: Partial<MetricsCollectors>) => createMetrics(collectors(change)).render();

describe('a scrape', () => {
  test('shows what has been counted', async () => {
    const lines = (await render()).split('\n');
    for (const line of [
      'lockstep_build_info{version="1.2.3"} 1',
      'lockstep_ready 1',
      'lockstep_events_total{kind="divergence"} 1',
      'lockstep_queries_total{node="a",kind="read"} 3',
      'lockstep_queries_total{node="a",kind="write"} 2',
      'lockstep_queries_total{node="b",kind="apply"} 2',
      'lockstep_retries_total{node="b"} 1',
      'lockstep_server_errors_total{node="a"} 0',
      'lockstep_node_connections_total{node="a",outcome="opened"} 0',
      'lockstep_errors_total{code="no_node"} 1',
      'lockstep_refused_statements_total{reason="uuid"} 1',
      'lockstep_sessions_opened_total 2',
      'lockstep_sessions 1',
      'lockstep_sessions_pinned 0',
      'lockstep_sessions_max 100',
      'lockstep_statement_errors_total 4',
      'lockstep_slow_statements_total 5',
      'lockstep_digests 6',
      'lockstep_digests_forgotten 7',
      'lockstep_trace_spans_total{outcome="dropped"} 2',
      'lockstep_leader_epoch 9',
      'lockstep_node_up{node="a"} 1',
      'lockstep_node_up{node="b"} 0',
      'lockstep_node_in_sync{node="b"} 0',
      'lockstep_node_leader{node="a"} 1',
      'lockstep_node_state{node="b",state="DOWN"} 1',
      'lockstep_node_weight{node="a"} 1',
      'lockstep_node_connections{node="a"} 3',
      'lockstep_node_active_reads{node="a"} 2',
      'lockstep_node_pending_entries{node="b"} 7',
      'lockstep_node_latency_seconds{node="a"} 0.0025',
      'lockstep_log_last_seq 42',
      'lockstep_log_bytes 4096',
      'lockstep_log_retention_bytes 10000',
      'lockstep_log_writable 1',
      'lockstep_verify_running 0',
      'lockstep_verify_rows_total 9',
      'lockstep_verify_equal 1',
      'lockstep_verify_finished_timestamp_seconds 5',
      'lockstep_event_loop_lag_seconds 0.003',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.join('\n')).not.toContain('lockstep_node_latency_seconds{node="b"}');
  });

  test('has histograms whose buckets add up', async () => {
    const text = await render();
    const of = (name: string): string[] =>
      text.split('\n').filter((line) => line.startsWith(name) && line.includes('node="a"'));
    const buckets = of('lockstep_read_duration_seconds_bucket');
    expect(buckets.length).toBe(19);
    expect(buckets.slice(0, 3)).toEqual([
      'lockstep_read_duration_seconds_bucket{le="0.000128",node="a"} 0',
      'lockstep_read_duration_seconds_bucket{le="0.000256",node="a"} 1',
      'lockstep_read_duration_seconds_bucket{le="0.000512",node="a"} 1',
    ]);
    expect(buckets.at(-1)).toBe('lockstep_read_duration_seconds_bucket{le="+Inf",node="a"} 2');
    expect(of('lockstep_read_duration_seconds_sum')).toEqual([
      'lockstep_read_duration_seconds_sum{node="a"} 0.0032',
    ]);
    expect(of('lockstep_read_duration_seconds_count')).toEqual([
      'lockstep_read_duration_seconds_count{node="a"} 2',
    ]);
    expect(text).toContain('# TYPE lockstep_write_duration_seconds histogram\n');
  });

  test('that comes next shows totals, not sums, and forgets nodes that are gone', async () => {
    const counters = new Counters();
    counters.node(a).reads += 3;
    let nodes = [node(a)];
    const metrics = createMetrics(
      collectors({ counters: () => counters.snapshot(), nodes: () => nodes }),
    );
    await metrics.render();
    counters.node(a).reads += 1;
    nodes = [];
    const text = await metrics.render();
    expect(text).toContain('lockstep_queries_total{node="a",kind="read"} 4\n');
    expect(text).not.toContain('lockstep_node_up{');
  });
});

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

async function shownMetrics(): Promise<Metric[]> {
  const blocks = (await render()).trim().split('\n\n');
  return blocks.map((block) => {
    const [, name = '', help = ''] = /^# HELP (\S+) (.*)$/m.exec(block) ?? [];
    const [, type = ''] = /^# TYPE \S+ (\w+)$/m.exec(block) ?? [];
    const [, labels = ''] = /^[^#]\S*?\{(.*)\}/m.exec(block) ?? [];
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label ?? '');
    return { name, type, help, labels: names.filter((label) => label !== 'le') };
  });
}

describe('what is written of metrics', () => {
  test('docs/METRICS.md lists every one of them', async () => {
    const rows = (await shownMetrics()).map(
      ({ name, type, help, labels }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    );
    const page = await readFile(new URL('../../docs/METRICS.md', import.meta.url), 'utf8');
    const table = page.split('\n').filter((line) => /^\| `(?:lockstep|process)_/.test(line));
    expect(table).toEqual(rows);
  });

  test.each(['grafana-dashboard.json', 'alerts.yml'])(
    'examples/monitoring/%s names none that is not there',
    async (file) => {
      const folder = new URL('../../examples/monitoring/', import.meta.url);
      const text = await readFile(new URL(file, folder), 'utf8');
      const known = new Set((await shownMetrics()).map(({ name }) => name));
      const named = [...text.matchAll(/\b(?:lockstep|process)_[a-z_]+/g)].map(([name]) => name);
      const missing = named.filter((name) => {
        const family = name.replace(/_(?:bucket|sum|count)$/, '');
        return !known.has(name) && !known.has(family);
      });
      expect([...new Set(missing)]).toEqual([]);
      expect(new Set(named).size).toBeGreaterThan(10);
    },
  );

  test('every alert says why it is there and what to do', async () => {
    const file = new URL('../../examples/monitoring/alerts.yml', import.meta.url);
    interface Rule {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: Readonly<Record<string, string>>;
    }
    const { groups } = parse(await readFile(file, 'utf8')) as { groups: { rules: Rule[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, annotations } of rules) {
      for (const key of ['summary', 'reason', 'action']) {
        expect(annotations[key], `${alert}: ${key}`).toMatch(/\S/);
      }
    }
  });
});
