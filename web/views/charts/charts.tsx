import { useEffect, useMemo, useRef, useState } from 'react';
import type { FeedEvent } from '../../data/event-feed.ts';
import { wordsOf } from '../../data/event-words.ts';
import { count, milliseconds, rate, timeOf } from '../../data/figures.ts';
import { useFeedPart } from '../../data/live.tsx';
import type { ClusterColumn, History } from '../../data/shapes.ts';
import { Failure, Loading, Panel } from '../../parts/panel.tsx';
import { hrefOf, useRoute } from '../../shell/route.ts';
import { type HistoryState, useHistory } from './history-store.ts';
import { type ChartLine, LineChart, type Moment } from './line-chart.tsx';

const spans = [
  { name: '5 min', ms: 300_000 },
  { name: '15 min', ms: 900_000 },
  { name: '1 h', ms: 3_600_000 },
] as const;
type Span = (typeof spans)[number];

/** The last hour as the balancer remembers it, with the moments when something happened. */
export function Charts() {
  const { parameters } = useRoute();
  const asked = Number(parameters.get('at') ?? 0);
  const [chosen, setChosen] = useState(() => ({ asked, span: spanWith(asked) }));
  if (chosen.asked !== asked) setChosen({ asked, span: spanWith(asked) });
  const state = useHistory();
  const place = useSeen(state.kind === 'ready' ? asked : 0);
  return (
    <div ref={place} className="charts-place">
      <Panel
        title="Last hour"
        {...(asked > 0 ? { note: <AskedMoment at={asked} state={state} /> } : {})}
        actions={<SpanSwitch span={chosen.span} onChange={(span) => setChosen({ asked, span })} />}
      >
        <HistoryCharts state={state} span={chosen.span} asked={asked} />
      </Panel>
    </div>
  );
}

/** The shortest that holds the moment, with something before it. */
function spanWith(at: number): Span {
  if (at === 0) return spans[0];
  const ageMs = Date.now() - at;
  return spans.find(({ ms }) => ageMs < 0.9 * ms) ?? spans[2];
}

/** Brings the charts into sight, when they are drawn, if a moment in them was asked for. */
function useSeen(at: number) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (at === 0) return undefined;
    // Behind the frame, which begins another view at its top.
    const frame = requestAnimationFrame(() => place.current?.scrollIntoView());
    return () => cancelAnimationFrame(frame);
  }, [at]);
  return place;
}

interface AskedMomentProps {
  readonly at: number;
  readonly state: HistoryState;
}

/** What happened at the moment that was asked for. */
function AskedMoment({ at, state }: AskedMomentProps) {
  const event = useFeedPart(({ events }) => events.find((one) => one.at === at));
  const what = event === undefined ? '' : `, ${wordsOf(event).title}`;
  const isBefore = state.kind === 'ready' && at < (state.history.at[0] ?? at);
  return (
    <>
      at {timeOf(at)}
      {what}
      {isBefore ? ', of which no figures are kept' : ''} (<a href={hrefOf('overview')}>back</a>)
    </>
  );
}

interface HistoryChartsProps {
  readonly state: HistoryState;
  readonly span: Span;
  readonly asked: number;
}

function HistoryCharts({ state, span, asked }: HistoryChartsProps) {
  switch (state.kind) {
    case 'loading':
      return <Loading what="the last hour" />;
    case 'failed':
      return <Failure what="The history could not be read" error={state.error} />;
    case 'ready':
      return <ChartGrid history={state.history} span={span} asked={asked} />;
  }
}

interface ChartGridProps {
  readonly history: History;
  readonly span: Span;
  readonly asked: number;
}

function ChartGrid({ history, span, asked }: ChartGridProps) {
  const theme = useTheme();
  const trouble = useTrouble();
  const moments = useMemo(
    (): readonly Moment[] => (asked > 0 ? [...trouble, { at: asked, tone: 'accent' }] : trouble),
    [trouble, asked],
  );
  const shown = useMemo(() => cut(history, span.ms), [history, span]);
  const charts = useMemo(() => chartsOf(shown), [shown]);
  return (
    <div className="charts">
      {charts.map((chart) => (
        <LineChart key={chart.title} {...chart} at={shown.at} moments={moments} theme={theme} />
      ))}
    </div>
  );
}

interface Chart {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
}

function chartsOf({ cluster, nodes }: History): readonly Chart[] {
  const lines = (columns: Readonly<Partial<Record<ClusterColumn, string>>>): ChartLine[] =>
    Object.entries(columns).map(([column, name]) => ({
      name,
      values: cluster[column as ClusterColumn],
    }));
  const byNode = (column: 'reads' | 'pending'): ChartLine[] =>
    Object.entries(nodes).map(([name, node]) => ({ name, values: node[column] }));
  return [
    {
      title: 'Statements per second',
      lines: lines({ reads: 'reads', writes: 'writes' }),
      format: rate,
    },
    {
      title: 'Read latency',
      lines: lines({ readP50: 'p50', readP95: 'p95', readP99: 'p99' }),
      format: milliseconds,
    },
    {
      title: 'Write latency',
      lines: lines({ writeP50: 'p50', writeP95: 'p95', writeP99: 'p99' }),
      format: milliseconds,
    },
    { title: 'Reads per second by node', lines: byNode('reads'), format: rate },
    { title: 'Pending commands by node', lines: byNode('pending'), format: count },
    { title: 'Errors per second', lines: lines({ errors: 'errors' }), format: rate },
  ];
}

interface SpanSwitchProps {
  readonly span: Span;
  readonly onChange: (span: Span) => void;
}

function SpanSwitch({ span, onChange }: SpanSwitchProps) {
  return (
    <div className="segments" role="radiogroup" aria-label="Span of the charts">
      {spans.map((one) => (
        <label key={one.name} className="segment">
          <input type="radio" name="span" checked={one === span} onChange={() => onChange(one)} />
          {one.name}
        </label>
      ))}
    </div>
  );
}

/** The part of the history that is not older than the span. */
function cut(history: History, spanMs: number): History {
  const newest = history.at.at(-1) ?? 0;
  const from = Math.max(
    0,
    history.at.findIndex((at) => at >= newest - spanMs),
  );
  if (from === 0) return history;
  const cluster = Object.entries(history.cluster).map(([name, line]) => [name, line.slice(from)]);
  const nodes = Object.entries(history.nodes).map(([name, { reads, p99, pending }]) => [
    name,
    { reads: reads.slice(from), p99: p99.slice(from), pending: pending.slice(from) },
  ]);
  return {
    stepMs: history.stepMs,
    at: history.at.slice(from),
    cluster: Object.fromEntries(cluster),
    nodes: Object.fromEntries(nodes),
  };
}

/** The same list while no other moment comes: the charts are not drawn anew for every event. */
function useTrouble(): readonly Moment[] {
  const kept = useRef<readonly Moment[]>([]);
  return useFeedPart(({ events }) => {
    const fresh = troubleIn(events);
    const isSame = fresh.length === kept.current.length && fresh[0]?.at === kept.current[0]?.at;
    if (!isSame) kept.current = fresh;
    return kept.current;
  });
}

function troubleIn(events: readonly FeedEvent[]): readonly Moment[] {
  return events.flatMap((event): Moment[] => {
    if (event.kind !== 'node_state_changed' && event.kind !== 'leader_changed') return [];
    const { tone } = wordsOf(event);
    return tone === 'bad' || tone === 'warn' ? [{ at: event.at, tone }] : [];
  });
}

/** Which theme is in effect: another one means other colours. */
function useTheme(): string {
  const [theme, setTheme] = useState(themeNow);
  useEffect(() => {
    const update = () => setTheme(themeNow());
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', update);
    window.addEventListener('themechange', update);
    return () => {
      system.removeEventListener('change', update);
      window.removeEventListener('themechange', update);
    };
  }, []);
  return theme;
}

function themeNow(): string {
  const system = window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  return `${document.documentElement.dataset['theme']} ${system}`;
}
