import type { Registry } from 'prom-client';
import { counter, gauge } from './copied-metric.ts';

/** Processes that answer reads beside the main one, at the moment of a scrape. */
export interface WorkerMetrics {
  readonly running: number;
  readonly sessions: number;
  readonly reads: number;
}

export function registerWorkers(registry: Registry, workers: () => WorkerMetrics): void {
  gauge(registry, {
    name: 'lockstep_workers',
    help: 'Processes that answer reads beside the main one (`workers`).',
    labels: [],
    collect: () => [[{}, workers().running]],
  });
  gauge(registry, {
    name: 'lockstep_sessions_lent',
    help: 'Client sessions that workers serve just now.',
    labels: [],
    collect: () => [[{}, workers().sessions]],
  });
  counter(registry, {
    name: 'lockstep_worker_reads_total',
    help: 'Reads that workers have answered, as they told at most 250 ms ago.',
    labels: [],
    collect: () => [[{}, workers().reads]],
  });
}
