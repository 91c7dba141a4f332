import { memo, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { Line } from '../../data/shapes.ts';

export interface ChartLine {
  readonly name: string;
  readonly values: Line;
}

export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly tone: 'bad' | 'warn' | 'accent';
}

interface LineChartProps {
  readonly title: string;
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  readonly moments: readonly Moment[];
  /** A change of it draws all anew, in other colours. */
  readonly theme: string;
}

/** Where there is much room, more can be read from them. */
const heightNow = (): number => (window.innerWidth >= 2_000 ? 200 : 130);
const sync = uPlot.sync('charts');
const dashes = [[], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3]];

/** Lines over time. The cursor is at the same moment in all charts. */
export const LineChart = memo(function LineChart(props: LineChartProps) {
  const { title, at, lines, format, moments, theme } = props;
  const place = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDListElement>(null);
  const chart = useRef<uPlot>(undefined);
  const shown = useRef({ format, moments });
  const names = lines.map(({ name }) => name).join('\n');
  useEffect(() => {
    shown.current = { format, moments };
  });
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const options = optionsOf({
      names: names.split('\n'),
      width: element.clientWidth,
      colours: coloursOf(element),
      shown: () => shown.current,
      tell: (values) => tellValues(legend.current, values),
    });
    const made = new uPlot(options, [[], ...names.split('\n').map(() => [])], element);
    chart.current = made;
    const sized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: heightNow() }),
    );
    sized.observe(element);
    return () => {
      sized.disconnect();
      made.destroy();
    };
  }, [names, theme]);
  useEffect(() => {
    const seconds = at.map((ms) => ms / 1000);
    chart.current?.setData([seconds, ...lines.map(({ values }) => values)] as uPlot.AlignedData);
  });
  const now = lines.map(({ name, values }) => `${name} ${textOf(values.at(-1), format)}`);
  return (
    <figure className="chart">
      <figcaption>
        <h3>{title}</h3>
        <dl ref={legend} className="legend">
          {lines.map(({ name, values }, index) => (
            <div key={name}>
              <dt className={`swatch swatch-${(index % 6) + 1}`}>{name}</dt>
              <dd data-now={textOf(values.at(-1), format)}>{textOf(values.at(-1), format)}</dd>
            </div>
          ))}
        </dl>
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}, now: ${now.join(', ')}`} />
    </figure>
  );
});

const textOf = (value: number | null | undefined, format: (value: number) => string): string =>
  value === null || value === undefined ? '–' : format(value);

/** The figures at the cursor; without one, those of now. */
function tellValues(legend: HTMLElement | null, values: readonly (string | undefined)[]): void {
  const cells = legend?.querySelectorAll('dd') ?? [];
  for (const [index, cell] of [...cells].entries()) {
    cell.textContent = values[index] ?? cell.dataset['now'] ?? '–';
  }
}

interface Colours {
  readonly text: string;
  readonly line: string;
  readonly series: readonly string[];
  readonly tones: Readonly<Record<Moment['tone'], string>>;
}

/** A canvas knows no variables: what they come to is asked of an element that uses them. */
function coloursOf(element: HTMLElement): Colours {
  const probe = document.createElement('span');
  element.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    text: colour('muted'),
    line: colour('line'),
    series: [1, 2, 3, 4, 5, 6].map((index) => colour(`chart-${index}`)),
    tones: { bad: colour('bad'), warn: colour('warn'), accent: colour('accent') },
  };
  probe.remove();
  return colours;
}

interface ChartParts {
  readonly names: readonly string[];
  readonly width: number;
  readonly colours: Colours;
  readonly shown: () => {
    readonly format: (value: number) => string;
    readonly moments: readonly Moment[];
  };
  readonly tell: (values: readonly (string | undefined)[]) => void;
}

function optionsOf({ names, width, colours, shown, tell }: ChartParts): uPlot.Options {
  const axis = {
    stroke: colours.text,
    font: '11px system-ui, sans-serif',
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  };
  const short = (value: number) => (value === 0 ? '0' : shown().format(value));
  return {
    width,
    height: heightNow(),
    legend: { show: false },
    cursor: { sync: { key: sync.key }, points: { size: 5 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, size: 24, space: 74, grid: { show: false }, values: timesOf },
      { ...axis, size: 52, space: 34, values: (_, values) => values.map(short) },
    ],
    series: [
      {},
      ...names.map((name, index) => ({
        label: name,
        stroke: colours.series[index % colours.series.length] ?? colours.text,
        width: 1.5,
        dash: dashes[index % dashes.length] ?? [],
        points: { show: false },
      })),
    ],
    hooks: {
      draw: [(chart) => drawMoments(chart, shown().moments, colours)],
      setCursor: [
        (chart) => {
          const { idx } = chart.cursor;
          const at = (line: number) =>
            typeof idx === 'number'
              ? textOf(chart.data[line + 1]?.[idx], shown().format)
              : undefined;
          tell(names.map((_, line) => at(line)));
        },
      ],
    },
  };
}

const clock = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

function timesOf(_: uPlot, seconds: readonly number[]): string[] {
  const whole = seconds.every((one) => one % 60 === 0);
  return seconds.map((one) => {
    const text = clock.format(new Date(one * 1000));
    return whole ? text.slice(0, 5) : text;
  });
}

function drawMoments(chart: uPlot, moments: readonly Moment[], { tones }: Colours): void {
  const { ctx, bbox } = chart;
  ctx.save();
  for (const { at, tone } of moments) {
    const x = chart.valToPos(at / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = tones[tone];
    ctx.lineWidth = tone === 'accent' ? 2 : 1;
    ctx.setLineDash(tone === 'accent' ? [] : [3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
