import type { Form, List, ListOrWord, Members } from './setting.ts';
import { group, withDefault } from './setting.ts';

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;
export const TiB = 1024 * GiB;
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const yearMs = 365 * 24 * hourMs;

export const text: Form = { kind: 'text' };
export const secret: Form = { kind: 'secret' };
export const path: Form = { kind: 'path' };
export const flag: Form = { kind: 'flag' };
/** Port 0 lets the system choose a free one. */
export const listenPort: Form = { kind: 'integer', min: 0, max: 65_535 };
export const serverPort: Form = { kind: 'integer', min: 1, max: 65_535 };
export const nodeNameForm: Form = {
  kind: 'text',
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  expected: 'up to 64 letters, digits, "-", "_" and ".", the first a letter or digit',
};
/** The servers' own limit is 32 characters in MySQL and 80 in MariaDB; no limit of ours. */
export const userForm: Form = {
  kind: 'text',
  pattern: /^.+$/s,
  expected: 'a name that is not empty',
};

export const integer = (min: number, max: number): Form => ({ kind: 'integer', min, max });
export const duration = (minMs: number, maxMs: number): Form => ({
  kind: 'duration',
  minMs,
  maxMs,
});
export const size = (minBytes: number, maxBytes: number): Form => ({
  kind: 'size',
  minBytes,
  maxBytes,
});

export function choice<T extends string>(values: readonly T[], value: T, description: string) {
  return withDefault<T>({ kind: 'choice', values }, value, description);
}

export function list<const M extends Members>(
  options: { itemsMin: number; itemsMax: number; description: string; shorthand?: string },
  members: M,
): List<M> {
  return { kind: 'list', item: group('', members), ...options };
}

export function orWord<const M extends Members, const W extends string>(
  word: W,
  of: List<M>,
): ListOrWord<M, W> {
  return { ...of, word };
}
