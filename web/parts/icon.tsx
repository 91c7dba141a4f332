/** Drawn on a grid of 16, by stroke; a state is told by its icon as well as by word and colour. */
const paths = {
  check: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5.2 8.2l2 2 3.6-4',
  cross: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.3 1.5',
  pause: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M6.4 5.8v4.4M9.6 5.8v4.4',
  warning: 'M8 2.2 14.4 13.4H1.6ZM8 6.4v3.2M8 11.4v.2',
  shield: 'M8 1.6 13.4 3.6v4c0 3.2-2.2 5.6-5.4 6.8-3.2-1.2-5.4-3.6-5.4-6.8v-4ZM8 5v3.4M8 10.4v.2',
  replay: 'M13.4 8A5.4 5.4 0 1 1 11.6 4M13.6 1.8V4.6h-2.8',
  copy: 'M5.6 5.6h8v8h-8ZM10.4 5.6V2.4h-8v8h3.2',
  enter: 'M9.4 2.4h4.2v11.2H9.4M2 8h7.4M6.6 5.2 9.4 8l-2.8 2.8',
  drain: 'M8 1.8c2.6 3 4.2 5.2 4.2 7.4a4.2 4.2 0 0 1-8.4 0C3.8 7 5.4 4.8 8 1.8Z',
  crown: 'M2 12.8h12M2.4 10.4 1.8 4.4l3.4 2.4L8 2.8l2.8 4 3.4-2.4-.6 6Z',
  overview: 'M2 2h5.2v5.2H2ZM8.8 2H14v5.2H8.8ZM2 8.8h5.2V14H2ZM8.8 8.8H14V14H8.8Z',
  terminal: 'M1.8 2.8h12.4v10.4H1.8ZM4.4 6l2 2-2 2M8 10.4h3.2',
  list: 'M2 3.6h1M5.6 3.6H14M2 8h1M5.6 8H14M2 12.4h1M5.6 12.4H14',
  pulse: 'M1.6 8h3l2-5 3 10 2-5h2.8',
  bars: 'M2.6 13.6V8.4M6.2 13.6V2.4M9.8 13.6V6M13.4 13.6v-3',
  people:
    'M5.8 7.4a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2' +
    'M1.4 13.6c0-2.6 1.8-4.2 4.4-4.2s4.4 1.6 4.4 4.2' +
    'M11 7.2a2.2 2.2 0 0 0 0-4.4M12 9.6c1.6.5 2.6 1.9 2.6 4',
  split:
    'M2 8h3.4c2 0 2.6-4.4 5-4.4H14M5.4 8c2 0 2.6 4.4 5 4.4H14' +
    'M11.8 1.4 14 3.6l-2.2 2.2M11.8 10.2l2.2 2.2-2.2 2.2',
  sliders: 'M2 4.4h6M12 4.4h2M2 11.6h2M8 11.6h6M10 2.6v3.6M6 9.8v3.6',
  sun:
    'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.2v1.4M8 13.4v1.4M1.2 8h1.4' +
    'M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1',
  moon: 'M13.4 9.8A5.8 5.8 0 0 1 6.2 2.6a5.8 5.8 0 1 0 7.2 7.2Z',
  screen: 'M1.8 2.8h12.4v8.4H1.8ZM5.6 14h4.8',
  menu: 'M2 4h12M2 8h12M2 12h12',
  more: 'M3.4 8h.1M8 8h.1M12.6 8h.1',
  search: 'M7 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6M10.6 10.6l3.4 3.4',
  play: 'M4.4 2.6v10.8L13 8Z',
  close: 'M3.4 3.4l9.2 9.2M12.6 3.4l-9.2 9.2',
  down: 'M3.6 6 8 10.4 12.4 6',
  info: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 7.2v3.6M8 5v.2',
  edit: 'M2.4 13.6l.6-3 8-8 2.4 2.4-8 8Z',
  download: 'M8 2v8.4M4.6 7.2 8 10.6l3.4-3.4M2.4 13.6h11.2',
  plug: 'M5.4 1.8v3.4M10.6 1.8v3.4M3.6 5.2h8.8v2.4a4.4 4.4 0 0 1-8.8 0ZM8 12v2.4',
  plus: 'M8 3v10M3 8h10',
  compare: 'M2 3h4.2v10H2ZM9.8 3H14v10H9.8ZM8 1.4v13.2',
  exit: 'M6.6 2.4H2.4v11.2h4.2M6 8h8M11.2 5.2 14 8l-2.8 2.8',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className={`icon icon-${name}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
