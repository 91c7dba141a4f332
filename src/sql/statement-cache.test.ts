import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import type { LexMode } from './lex-mode.ts';
import { StatementCache } from './statement-cache.ts';
import { shapeOf } from './statement-shape.ts';

const modes: readonly LexMode[] = [
  { flavor: 'mariadb', ansiQuotes: false, noBackslashEscapes: false },
  { flavor: 'mysql', ansiQuotes: true, noBackslashEscapes: true, serverVersion: 90700 },
  { flavor: 'mariadb', ansiQuotes: false, noBackslashEscapes: false, charset: 'sjis' },
];

const words = (
  'a t1 t2 id * , ( ) = < . `a` `b``c` "d" AND OR IN FROM WHERE LIMIT ORDER BY GROUP HAVING ' +
  'UNION SELECT INTO OUTFILE @v @@sql_mode FOR UPDATE COUNT NOW LAST_INSERT_ID CONNECTION_ID f ' +
  'DATE INTERVAL _utf8 x n b e -- # /* */ /*! ; ? : := { } - + NULL DUAL NEXT VALUE'
).split(' ');
const literals = [
  '0 1 12 3.5 .5 7. 1e3 0x1f 0b1 5a 00012',
  "'' 'a' 'it''s' 'b\\'c' 'x y' '\u0081' '--' '/*' '`' \"q\"",
]
  .join(' ')
  .split(' ');
const gaps = ['', ' ', ' ', ' ', '\n'];

/** Pieces of a text, in which those that are undefined stand for a literal. */
const pieces = fc.array(
  fc.tuple(fc.constantFrom(...gaps), fc.option(fc.constantFrom(...words), { nil: undefined })),
  { maxLength: 14 },
);
const someLiterals = fc.array(fc.constantFrom(...literals), { minLength: 14, maxLength: 14 });

const beginnings = [
  'SELECT',
  'UPDATE t1 SET a =',
  'DELETE FROM t1 WHERE id =',
  'INSERT INTO t1 VALUES (',
  'INSERT INTO t1 SET a =',
  'replace t1 (id, a) VALUES (1,',
];

const textOf = (
  beginning: string,
  parts: readonly (readonly [string, string | undefined])[],
  values: readonly string[],
): string => `${beginning} ${parts.map(([gap, part], at) => gap + (part ?? values[at])).join('')}`;

describe('a memory of statements', () => {
  test('gives what an analysis gives, whatever literals the same shape had before', () => {
    const property = fc.property(
      fc.constantFrom(...beginnings),
      ...([pieces, someLiterals, someLiterals, fc.constantFrom(...modes)] as const),
      (beginning, parts, before, now, mode) => {
        const cache = new StatementCache(() => 1000);
        cache.analyse(textOf(beginning, parts, before), mode);
        const text = textOf(beginning, parts, now);
        expect(cache.analyse(text, mode), text).toEqual(analyse(text, mode));
      },
    );
    fc.assert(property, { numRuns: 6000 });
  });

  test('keeps one statement for all literals of a plain read, and one a text for others', () => {
    const cache = new StatementCache(() => 1000);
    const [mode] = modes as [LexMode];
    for (const value of [1, 22, "'x'", "'y''z'"]) {
      cache.analyse(`SELECT c FROM sbtest1 WHERE id=${value}`, mode);
    }
    expect(cache.size).toBe(2);
    cache.analyse('SELECT LAST_INSERT_ID(1)', mode);
    cache.analyse('SELECT LAST_INSERT_ID(2)', mode);
    expect(cache.size).toBe(4);
  });

  test('knows modes that are the same, be they two objects, and tells others apart', () => {
    const cache = new StatementCache(() => 1000);
    const [mode] = modes as [LexMode];
    const sql = 'SELECT "a" FROM t1';
    const first = cache.analyse(sql, { ...mode });
    for (let at = 0; at < 10; at++) expect(cache.analyse(sql, { ...mode })).toBe(first);
    expect(cache.size).toBe(1);
    for (const part of [{ ansiQuotes: true }, { serverVersion: 1 }, { charset: 'gbk' }]) {
      expect(cache.analyse(sql, { ...mode, ...part })).not.toBe(first);
    }
    expect(cache.analyse(sql, mode)).toBe(first);
    expect(cache.size).toBe(4);
  });

  test('drops what is not asked for again', () => {
    const cache = new StatementCache(() => 10);
    const [mode] = modes as [LexMode];
    for (let at = 0; at < 100; at++) cache.analyse(`UPDATE t${at} SET a = 1`, mode);
    expect(cache.size).toBeLessThanOrEqual(10);
  });
});

describe('the shape of a text', () => {
  test.each([
    ['SELECT c FROM sbtest1 WHERE id=12', 'SELECT c FROM sbtest1 WHERE id=\0n'],
    [
      "SELECT `a``b` FROM t WHERE x IN (1,2.5,'it''s')",
      'SELECT `a``b` FROM t WHERE x IN (\0n,\0n,\0s)',
    ],
    ['SELECT a-1 FROM t LIMIT 5', 'SELECT a-\0n FROM t LIMIT \0n'],
  ])('%s', (sql, shape) => {
    expect(shapeOf(sql)).toBe(shape);
  });

  test.each([
    "SELECT x'41'",
    'SELECT 0x41',
    'SELECT 1e5',
    'SELECT @a',
    'SELECT "a"',
    'SELECT 1 -- b',
    'SELECT 1 # b',
    'SELECT /* b */ 1',
    "SELECT 'a\\'b'",
    "SELECT 'a",
    'SELECT `a',
    'SELECT ?',
    'SELECT 1; SELECT 2',
    "SELECT 'é'",
    'SELECT .5',
    'SELECT t.1',
    'SELECT t. 1',
  ])('%s has none', (sql) => {
    expect(shapeOf(sql)).toBeUndefined();
  });
});
