import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['5s', 5000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0ms', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['5', '', 's', '-5s', '5 days', '5S', '1e3ms', '5s '])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('every duration can be written and read again', () => {
    fc.assert(
      fc.property(fc.nat(), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['512', 512],
    ['512B', 512],
    ['64KB', 65_536],
    ['64kb', 65_536],
    ['64MB', 67_108_864],
    ['64MiB', 67_108_864],
    ['64M', 67_108_864],
    ['1.5G', 1_610_612_736],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'MB', '-1MB', '3XB', '1e3', '64MBs', '5iB'])('%j is none', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  test('every size can be written and read again', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });
});
