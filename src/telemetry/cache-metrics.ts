import type { Registry } from 'prom-client';
import { counter, gauge } from './copied-metric.ts';

/** Answers that are kept, at the moment of a scrape. */
export interface CacheMetrics {
  readonly bytes: number;
  readonly answers: number;
  readonly hits: number;
  /** Reads that are kept, but had to be asked of a node. */
  readonly misses: number;
  readonly fills: number;
  readonly evictions: number;
  /** Answers that were asked for when their tables had changed, or they were too old. */
  readonly invalidations: number;
}

export function registerCache(registry: Registry, cache: () => CacheMetrics): void {
  counter(registry, {
    name: 'lockstep_cache_reads_total',
    help: 'Reads whose answers are kept: given from there (hit), or asked of a node (miss).',
    labels: ['outcome'],
    collect: () => [
      [{ outcome: 'hit' }, cache().hits],
      [{ outcome: 'miss' }, cache().misses],
    ],
  });
  const counts = [
    ['lockstep_cache_fills_total', 'Answers that were put in.', 'fills'],
    ['lockstep_cache_evictions_total', 'Answers that gave way to others.', 'evictions'],
    [
      'lockstep_cache_invalidations_total',
      'Answers that were asked for when their tables had changed, or they were too old.',
      'invalidations',
    ],
  ] as const;
  for (const [name, help, of] of counts) {
    counter(registry, { name, help, labels: [], collect: () => [[{}, cache()[of]]] });
  }
  const sizes = [
    ['lockstep_cache_bytes', 'Memory of the answers that are kept.', 'bytes'],
    ['lockstep_cache_answers', 'Answers that are kept.', 'answers'],
  ] as const;
  for (const [name, help, of] of sizes) {
    gauge(registry, { name, help, labels: [], collect: () => [[{}, cache()[of]]] });
  }
}
