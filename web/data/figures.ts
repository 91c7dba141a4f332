const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, notation: 'compact' });
const clock = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat('en', { day: '2-digit', month: 'short' });

export const count = (value: number): string => whole.format(value);

/** As few digits as say how much it is: 0, 3.4, 1,250, 12.5K. */
export function rate(value: number): string {
  if (value >= 10_000) return short.format(value);
  return value >= 10 || value === 0 ? whole.format(Math.round(value)) : value.toFixed(1);
}

export const percent = (share: number): string => `${Math.round(share * 100)}%`;

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power]}`;
}

export function milliseconds(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** How long something has lasted, in its two greatest units: `4 s`, `3 min 20 s`, `2 d 5 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return parts([minutes, 'min'], [seconds % 60, 's']);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return parts([hours, 'h'], [minutes % 60, 'min']);
  return parts([Math.floor(hours / 24), 'd'], [hours % 24, 'h']);
}

/** As `duration`, in its greatest unit alone. */
export const roughly = (ms: number): string => duration(ms).split(' ').slice(0, 2).join(' ');

function parts(...pieces: readonly (readonly [number, string])[]): string {
  return pieces
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** 14:03:22, with the day when that is not today. */
export function timeOf(at: number | string): string {
  const then = new Date(at);
  const time = clock.format(then);
  return then.toDateString() === new Date().toDateString() ? time : `${day.format(then)} ${time}`;
}
