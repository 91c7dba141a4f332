import { expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import { Counters } from './counters.ts';
import { createMetrics } from './metrics.ts';

const a = nodeName('a');
const b = nodeName('b');

function samples(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('a scrape shows what has been counted', async () => {
  const counters = new Counters();
  counters.node(a).reads += 3;
  counters.node(a).writes += 2;
  counters.node(b).applied += 2;
  counters.node(b).retries += 1;
  counters.error('no_node');
  counters.refused('uuid');
  counters.sessionOpened();
  counters.sessionOpened();
  counters.sessionClosed();
  const metrics = createMetrics({
    counters: () => counters.snapshot(),
    nodes: () => [
      { node: a, up: true, pendingEntries: 0, latencyMs: 2.5 },
      { node: b, up: false, pendingEntries: 7, latencyMs: undefined },
    ],
    log: () => ({ lastSeq: 42, bytes: 4096 }),
    verify: () => ({ running: false, rows: 9, last: { equal: true, finishedAt: 5_000 } }),
  });
  expect(samples(await metrics.render())).toEqual([
    'lockstep_queries_total{node="a",kind="read"} 3',
    'lockstep_queries_total{node="a",kind="write"} 2',
    'lockstep_queries_total{node="a",kind="apply"} 0',
    'lockstep_queries_total{node="b",kind="read"} 0',
    'lockstep_queries_total{node="b",kind="write"} 0',
    'lockstep_queries_total{node="b",kind="apply"} 2',
    'lockstep_retries_total{node="a"} 0',
    'lockstep_retries_total{node="b"} 1',
    'lockstep_server_errors_total{node="a"} 0',
    'lockstep_server_errors_total{node="b"} 0',
    'lockstep_node_connections_total{node="a",outcome="opened"} 0',
    'lockstep_node_connections_total{node="a",outcome="failed"} 0',
    'lockstep_node_connections_total{node="b",outcome="opened"} 0',
    'lockstep_node_connections_total{node="b",outcome="failed"} 0',
    'lockstep_errors_total{code="no_node"} 1',
    'lockstep_refused_statements_total{reason="uuid"} 1',
    'lockstep_sessions_opened_total 2',
    'lockstep_sessions 1',
    'lockstep_sessions_pinned 0',
    'lockstep_node_up{node="a"} 1',
    'lockstep_node_up{node="b"} 0',
    'lockstep_node_pending_entries{node="a"} 0',
    'lockstep_node_pending_entries{node="b"} 7',
    'lockstep_node_latency_seconds{node="a"} 0.0025',
    'lockstep_log_last_seq 42',
    'lockstep_log_bytes 4096',
    'lockstep_verify_running 0',
    'lockstep_verify_rows_total 9',
    'lockstep_verify_equal 1',
    'lockstep_verify_finished_timestamp_seconds 5',
  ]);
});

test('the next scrape shows totals, not sums, and forgets nodes that are gone', async () => {
  const counters = new Counters();
  counters.node(a).reads += 3;
  let nodes = [{ node: a, up: true, pendingEntries: 0, latencyMs: 1 }];
  const metrics = createMetrics({
    counters: () => counters.snapshot(),
    nodes: () => nodes,
    log: () => ({ lastSeq: 0, bytes: 0 }),
    verify: () => ({ running: true, rows: 0 }),
  });
  await metrics.render();
  counters.node(a).reads += 1;
  nodes = [];
  const text = await metrics.render();
  expect(text).toContain('lockstep_queries_total{node="a",kind="read"} 4\n');
  expect(text).not.toContain('lockstep_node_up{');
});

test('sets of metrics live side by side, with those of the process when asked', async () => {
  const collectors = {
    counters: () => new Counters().snapshot(),
    nodes: () => [],
    log: () => ({ lastSeq: 0, bytes: 0 }),
    verify: () => ({ running: true, rows: 0 }),
  };
  const plain = await createMetrics(collectors).render();
  const withProcess = createMetrics(collectors, { processMetrics: true });
  expect(plain).not.toContain('process_resident_memory_bytes');
  expect(await withProcess.render()).toContain('process_resident_memory_bytes');
  expect(withProcess.contentType).toMatch(/^text\/plain; version=/);
});
