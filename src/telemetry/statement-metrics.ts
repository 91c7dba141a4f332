import type { Registry } from 'prom-client';
import type { NodeName } from '../base/brands.ts';
import { counter, gauge, histogram } from './copied-metric.ts';
import type { LatencyHistogram } from './latency-histogram.ts';
import type { TraceCounts } from './tracing/trace.ts';

/** What clients' statements took, at the moment of a scrape. */
export interface StatementMetrics {
  readonly readTimes: readonly (readonly [NodeName, LatencyHistogram])[];
  readonly writeTimes: LatencyHistogram;
  readonly errors: number;
  readonly slow: number;
  readonly digests: number;
  readonly forgotten: number;
  readonly spans: TraceCounts;
}

export function registerTimes(registry: Registry, statements: () => StatementMetrics): void {
  histogram(registry, {
    name: 'lockstep_read_duration_seconds',
    help: 'Reads, from when they came until the client had the answer, by node that answered.',
    labels: ['node'],
    collect: () => statements().readTimes.map(([node, times]) => [{ node }, times]),
  });
  histogram(registry, {
    name: 'lockstep_write_duration_seconds',
    help: 'What got a place in the log (writes outside transactions, DDL, COMMIT), until its OK.',
    labels: [],
    collect: () => [[{}, statements().writeTimes]],
  });
  counter(registry, {
    name: 'lockstep_statement_errors_total',
    help: "Clients' statements that ended in an error, of a server or of Lockstep.",
    labels: [],
    collect: () => [[{}, statements().errors]],
  });
  counter(registry, {
    name: 'lockstep_slow_statements_total',
    help: "Clients' statements that took longer than `telemetry.slow_query`.",
    labels: [],
    collect: () => [[{}, statements().slow]],
  });
  gauge(registry, {
    name: 'lockstep_digests',
    help: 'Forms of statements that are counted apart (GET /queries).',
    labels: [],
    collect: () => [[{}, statements().digests]],
  });
  gauge(registry, {
    name: 'lockstep_digests_forgotten',
    help: 'Forms that made place for others since the start or the last reset.',
    labels: [],
    collect: () => [[{}, statements().forgotten]],
  });
  counter(registry, {
    name: 'lockstep_trace_spans_total',
    help: 'Spans of traces, by what became of them; those that could not be sent are dropped.',
    labels: ['outcome'],
    collect: () => {
      const { exported, dropped } = statements().spans;
      return [
        [{ outcome: 'exported' }, exported],
        [{ outcome: 'dropped' }, dropped],
      ];
    },
  });
}
