import { Counter, Gauge, type Histogram, type Registry } from 'prom-client';
import type { LatencyHistogram } from './latency-histogram.ts';

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export interface Definition<T> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly collect: () => readonly T[];
}

/** A counter whose values are counted elsewhere and copied here at each scrape. */
export function counter(registry: Registry, definition: Definition<Sample>): void {
  const metric = new Counter({
    ...registered(registry, definition),
    collect: () => {
      metric.reset();
      for (const [labels, value] of definition.collect()) metric.inc(labels, value);
    },
  });
}

export function gauge(registry: Registry, definition: Definition<Sample>): void {
  const metric = new Gauge({
    ...registered(registry, definition),
    collect: () => {
      metric.reset();
      for (const [labels, value] of definition.collect()) metric.set(labels, value);
    },
  });
}

const registered = (registry: Registry, { name, help, labels }: Definition<Sample>) => ({
  name,
  help,
  labelNames: [...labels],
  registers: [registry],
});

type TimesSample = readonly [labels: Readonly<Record<string, string>>, times: LatencyHistogram];

/**
 * Microseconds; doublings, since there the buckets of our own histograms end: 128 µs to 16.8 s.
 */
const bounds = Array.from({ length: 18 }, (_, index) => 2 ** (index + 7));

/** A histogram of seconds whose buckets are summed from finer ones at each scrape. */
export function histogram(registry: Registry, definition: Definition<TimesSample>): void {
  registry.registerMetric(new CopiedHistogram(definition) as unknown as Histogram);
}

class CopiedHistogram {
  readonly name: string;
  readonly help: string;
  readonly #collect: Definition<TimesSample>['collect'];

  constructor({ name, help, collect }: Definition<TimesSample>) {
    this.name = name;
    this.help = help;
    this.#collect = collect;
  }

  get(): Promise<object> {
    const values = this.#collect().flatMap(([labels, times]) => valuesOf(this.name, labels, times));
    return Promise.resolve({ name: this.name, help: this.help, type: 'histogram', values });
  }
}

function valuesOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  times: LatencyHistogram,
): object[] {
  const bucket = (le: string, value: number) => ({
    metricName: `${name}_bucket`,
    labels: { le, ...labels },
    value,
  });
  return [
    ...bounds.map((bound) => bucket(String(bound / 1e6), times.countBelow(bound))),
    bucket('+Inf', times.count),
    { metricName: `${name}_sum`, labels, value: times.totalMs / 1000 },
    { metricName: `${name}_count`, labels, value: times.count },
  ];
}
