const msOfUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const bytesOfUnit = { '': 1, B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;

export const durationForm = 'a duration such as 500ms, 5s, 2m or 1h';
export const sizeForm = 'a size such as 512KB, 64MB or 2GB (1KB is 1024 bytes)';

/** `500ms`, `1.5s`, `2m`, `1h` in milliseconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * msOfUnit[match[2] as keyof typeof msOfUnit];
}

/**
 * `64MB`, `64MiB`, `64M` or plain bytes, in bytes; undefined when the text is no size. All
 * units are powers of 1024, as in the servers' own option files.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|B)?$/i.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? '').toUpperCase();
  return Math.round(Number(match[1]) * bytesOfUnit[unit as keyof typeof bytesOfUnit]);
}

/** The shortest text that `parseDuration` reads as this many milliseconds. */
export function formatDuration(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    if (ms > 0 && ms % msOfUnit[unit] === 0) return `${ms / msOfUnit[unit]}${unit}`;
  }
  return `${ms}ms`;
}

/** The shortest text that `parseSize` reads as this many bytes. */
export function formatSize(bytes: number): string {
  for (const unit of ['T', 'G', 'M', 'K'] as const) {
    if (bytes > 0 && bytes % bytesOfUnit[unit] === 0) return `${bytes / bytesOfUnit[unit]}${unit}B`;
  }
  return `${bytes}`;
}
