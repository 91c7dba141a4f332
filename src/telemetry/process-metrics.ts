import type { Registry } from 'prom-client';
import { counter, gauge } from './copied-metric.ts';

/** Of the process that Lockstep runs in. Nothing runs between scrapes for them. */
export function registerProcess(registry: Registry, lateMs: () => number): void {
  counter(registry, {
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system.',
    labels: [],
    collect: () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / 1e6]];
    },
  });
  gauge(registry, {
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    labels: [],
    collect: () => [[{}, process.memoryUsage.rss()]],
  });
  gauge(registry, {
    name: 'lockstep_event_loop_lag_seconds',
    help: 'How late the timer of the latest second ran; statements waited as long.',
    labels: [],
    collect: () => [[{}, lateMs() / 1000]],
  });
}
