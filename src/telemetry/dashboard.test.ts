import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';

// The dashboard for Grafana, as far as it can be judged without one: what it asks Prometheus for
// is there, by metric and label, and what it shows it in is what Grafana has.

interface Target {
  readonly expr: string;
  readonly legendFormat?: string;
  readonly refId: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets: readonly Target[];
}

interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly Panel[];
}

/** Those that come with Grafana and show numbers over time, or the latest. */
const panelTypes = ['stat', 'gauge', 'bargauge', 'timeseries', 'state-timeline', 'table'];
const columns = 24;
/** What Prometheus itself adds to every series it fetches. */
const scrapeLabels = ['instance', 'job'];
const builtIn = ['__rate_interval', '__interval', '__range'];

let dashboard: Dashboard;
let text: string;
/** The labels of each metric, by its name; the table is checked by metrics.test.ts. */
const labelsOf = new Map<string, readonly string[]>();

beforeAll(async () => {
  const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  text = await read('examples/monitoring/grafana-dashboard.json');
  dashboard = JSON.parse(text) as Dashboard;
  for (const line of (await read('docs/METRICS.md')).split('\n')) {
    const [, name, type, labels = ''] = /^\| `(\w+)` \| (\w+) \| (.*?) \|/.exec(line) ?? [];
    if (name === undefined) continue;
    const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label as string);
    if (type !== 'histogram') labelsOf.set(name, names);
    else {
      for (const part of ['sum', 'count']) labelsOf.set(`${name}_${part}`, names);
      labelsOf.set(`${name}_bucket`, [...names, 'le']);
    }
  }
});

/** What a query names that is not there. */
function missingIn(expr: string): string[] {
  const metrics = [...expr.matchAll(/\b((?:lockstep|process)_\w+)(?:\{([^}]*)\})?/g)];
  const known = new Set(scrapeLabels);
  const missing = metrics.flatMap(([, name = '', matchers = '']) => {
    const labels = labelsOf.get(name);
    if (labels === undefined) return [name];
    for (const label of labels) known.add(label);
    const asked = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return asked.filter((label) => !labels.includes(label) && !scrapeLabels.includes(label));
  });
  const grouped = [...expr.matchAll(/\b(?:by|without) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  return [...missing, ...grouped.filter((label) => !known.has(label))];
}

test('every query names metrics and labels that there are', () => {
  const queries = [
    ...dashboard.panels.flatMap(({ targets }) => targets),
    ...dashboard.annotations.list,
  ].map(({ expr }) => expr);
  expect(queries.length).toBeGreaterThan(20);
  for (const expr of queries) expect(missingIn(expr), expr).toEqual([]);
});

test('a query of what is not there would be found', () => {
  expect(missingIn('lockstep_nothing')).toEqual(['lockstep_nothing']);
  expect(missingIn('sum by (user) (lockstep_node_up{code="x"})')).toEqual(['code', 'user']);
});

test('a legend names labels that its query leaves', () => {
  for (const { title, targets } of dashboard.panels) {
    for (const { expr, legendFormat = '' } of targets) {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      const aggregated = /\b(?:sum|min|max|avg|count)\b/.test(expr);
      const kept = aggregated
        ? (/\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/) ?? [])
        : [...labelsOf].flatMap(([name, labels]) => (expr.includes(name) ? labels : []));
      expect(kept, `${title}: ${legendFormat}`).toEqual(expect.arrayContaining(named));
    }
  }
});

test('panels are of kinds that Grafana has, and none lies on another', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Map<string, string>();
  for (const { type, title, gridPos, targets } of panels) {
    expect(panelTypes, title).toContain(type);
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(columns);
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.get(`${x} ${y}`), title).toBeUndefined();
        taken.set(`${x} ${y}`, title);
      }
    }
  }
});

test('every variable that is used is defined', () => {
  const defined = [...dashboard.templating.list.map(({ name }) => name), ...builtIn];
  const used = [...text.matchAll(/\$\{?(\w+)\}?/g)].map(([, name]) => name as string);
  // `$__all` is a value, that of "All".
  expect(used.filter((name) => !defined.includes(name) && name !== '__all')).toEqual([]);
});
