import { median, spread } from './statistics.mjs';

const column = (all, key) => all.map((figures) => figures[key]);

/** A line for each target: medians over the rounds. */
export function throughputTable(figures) {
  const lines = Object.entries(figures).map(([name, all]) => {
    const rates = column(all, 'perSecond');
    const percent = (spread(rates) * 100).toFixed(0);
    const mebibytes = median(column(all, 'residentBytes')) / 2 ** 20;
    return [
      name.padEnd(14),
      `${median(rates).toFixed(0)}/s`.padStart(10),
      `± ${percent} %`.padStart(8),
      `${median(column(all, 'cpuUs')).toFixed(1)} µs`.padStart(10),
      `${mebibytes.toFixed(0)} MiB`.padStart(8),
    ].join(' ');
  });
  const head = `${'target'.padEnd(14)}       rate   spread  CPU/stmt   memory`;
  return [head, ...lines].join('\n');
}

export function writesTable(figures) {
  const lines = Object.entries(figures).map(([name, all]) => {
    const rates = column(all, 'perSecond');
    const percent = (spread(rates) * 100).toFixed(0);
    return [
      name.padEnd(20),
      `${median(rates).toFixed(0)}/s`.padStart(10),
      `± ${percent} %`.padStart(8),
      `${median(column(all, 'p95Ms')).toFixed(1)} ms`.padStart(10),
      `${median(column(all, 'cpuUs')).toFixed(1)} µs`.padStart(10),
    ].join(' ');
  });
  const head = `${'cluster'.padEnd(20)}       rate   spread        p95  CPU/write`;
  return [head, ...lines].join('\n');
}

const percentiles = ['p50Us', 'p95Us', 'p99Us', 'p999Us'];

export function latencyTable(figures) {
  const lines = Object.entries(figures).map(([name, all]) =>
    [
      name.padEnd(14),
      ...percentiles.map((key) => `${median(column(all, key)).toFixed(0)} µs`.padStart(10)),
      `${median(column(all, 'perSecond')).toFixed(0)}/s`.padStart(10),
      `${median(column(all, 'failed'))} failed`.padStart(10),
    ].join(' '),
  );
  const head = `${'target'.padEnd(14)}        p50        p95        p99      p99.9       rate`;
  return [head, ...lines].join('\n');
}

export function replayTable(figures) {
  const lines = Object.entries(figures).map(([name, all]) => {
    const written = median(column(all, 'writtenPerSecond'));
    const replayed = column(all, 'replayedPerSecond');
    return [
      name.padEnd(14),
      `${written.toFixed(0)}/s`.padStart(10),
      `${median(replayed).toFixed(0)}/s`.padStart(10),
      `± ${(spread(replayed) * 100).toFixed(0)} %`.padStart(8),
      `${(median(replayed) / written).toFixed(2)} ×`.padStart(10),
      `${median(column(all, 'cpuUs')).toFixed(1)} µs`.padStart(10),
    ].join(' ');
  });
  const head = `${'cluster'.padEnd(14)}    written   replayed   spread      ratio  CPU/entry`;
  return [head, ...lines].join('\n');
}

export function failoverTable(figures) {
  const lines = Object.entries(figures).map(([name, all]) =>
    [
      name.padEnd(16),
      `${column(all, 'statements').reduce((sum, count) => sum + count, 0)}`.padStart(10),
      `${column(all, 'failed').reduce((sum, count) => sum + count, 0)}`.padStart(8),
      `${median(column(all, 'p50Ms')).toFixed(1)} ms`.padStart(10),
      `${median(column(all, 'p99Ms')).toFixed(1)} ms`.padStart(10),
      `${Math.max(...column(all, 'maxMs')).toFixed(0)} ms`.padStart(10),
    ].join(' '),
  );
  const head = `${'window'.padEnd(16)} statements   failed        p50        p99    slowest`;
  return [head, ...lines].join('\n');
}

export function pendingTable(figures) {
  const lines = Object.entries(figures).map(([name, all]) => {
    const mebibytes = median(column(all, 'residentBytes')) / 2 ** 20;
    const replayed = all[0].replayedPerSecond;
    return [
      name.padEnd(14),
      `${median(column(all, 'pending'))}`.padStart(10),
      `${median(column(all, 'startMs')).toFixed(0)} ms`.padStart(10),
      `${mebibytes.toFixed(0)} MiB`.padStart(8),
      replayed === undefined ? '' : `${replayed.toFixed(0)}/s replayed`.padStart(18),
    ].join(' ');
  });
  return [`${'start with'.padEnd(14)}    pending      reads   memory`, ...lines].join('\n');
}
