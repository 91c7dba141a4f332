import { expect, test } from 'vitest';
import { lexModeOf, readingOf } from './text-reading.ts';

const of = (settings: string) => lexModeOf(readingOf({ schema: 'app', settings }));
const usual = { ansiQuotes: false, noBackslashEscapes: false };

test('a text is read as its settings say', () => {
  expect(of('')).toEqual(usual);
  expect(of("SET sql_mode='STRICT_ALL_TABLES',character_set_client='utf8mb4'")).toEqual(usual);
  expect(of("SET sql_mode='',character_set_client='latin1'")).toEqual({
    ...usual,
    charset: 'latin1',
  });
  const both = "SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES',character_set_client=gbk";
  expect(of(both)).toEqual({ ansiQuotes: true, noBackslashEscapes: true, charset: 'gbk' });
});

test('what is usual needs no words', () => {
  expect(readingOf({ schema: '', settings: "SET sql_mode='ONLY_FULL_GROUP_BY'" })).toBe('');
});
