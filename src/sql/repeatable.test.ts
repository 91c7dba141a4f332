import { describe, expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import { builtinFunctions } from './function-names.ts';
import type { LexMode } from './lex-mode.ts';
import { isRepeatableProgram } from './repeatable.ts';
import { stableFunctions } from './stable-functions.ts';

const mode = (flavor: LexMode['flavor']): LexMode => ({
  ansiQuotes: false,
  noBackslashEscapes: false,
  flavor,
});

describe.each(['mysql', 'mariadb'] as const)('of %s', (flavor) => {
  test.each([
    'SELECT a FROM t WHERE id = 1',
    "SELECT UPPER(a), COUNT(*) FROM t JOIN u USING (id) WHERE b LIKE 'time %' GROUP BY a",
    'SELECT a FROM t WHERE at > ? ORDER BY id LIMIT 5',
    '(SELECT a FROM t) UNION ALL (SELECT b FROM u)',
    'SELECT a, SUM(b) FROM t GROUP BY a WITH ROLLUP',
    'SELECT mine(a) FROM t',
    'SELECT CAST(a AS DATE), ROW_NUMBER() OVER (ORDER BY a) FROM t',
    'SELECT `time` FROM t',
  ])('gives the same again: %s', (sql) => {
    expect(analyse(sql, mode(flavor)).repeatable).toBe(true);
  });

  test.each([
    'SELECT NOW() FROM t',
    'SELECT CURRENT_TIMESTAMP FROM t',
    'SELECT CURDATE() FROM t',
    'SELECT UNIX_TIMESTAMP() FROM t',
    'SELECT RAND() FROM t',
    'SELECT UUID() FROM t',
    'SELECT SLEEP(1) FROM t',
    'SELECT GET_LOCK(a, 1) FROM t',
    'SELECT USER() FROM t',
    'SELECT CURRENT_USER FROM t',
    'SELECT VERSION() FROM t',
    'SELECT LAST_INSERT_ID() FROM t',
    'SELECT FOUND_ROWS() FROM t',
    'SELECT LOAD_FILE(a) FROM t',
    'SELECT BENCHMARK(10, a) FROM t',
    'SELECT SQL_CALC_FOUND_ROWS a FROM t',
    'SELECT HIGH_PRIORITY NOW(), a FROM t',
    'SELECT HIGH_PRIORITY SQL_SMALL_RESULT UUID() FROM t',
    'SELECT @a FROM t',
    'SELECT @a := 1 FROM t',
    'SELECT @@sql_mode FROM t',
    'SELECT a INTO @a FROM t',
    "SELECT a INTO OUTFILE 'f' FROM t",
    'SELECT a FROM t FOR UPDATE',
    'SELECT a FROM t FOR SHARE',
    'SELECT a FROM t LOCK IN SHARE MODE',
    'SELECT SQL_NO_CACHE a FROM t',
    'SELECT CAST(a AS TIME) FROM t',
    "SELECT a FROM t WHERE at > TIME '10:00:00'",
    "SELECT a FROM t WHERE at > {t '10:00:00'}",
    'SELECT MAKETIME(1, 2, 3) FROM t',
    'SELECT TIMESTAMP(a) FROM t',
    'WITH w AS (SELECT a FROM t) SELECT * FROM w',
    'SELECT a FROM t FOR SYSTEM_TIME ALL',
    'SELECT PREVIOUS VALUE FOR s, a FROM t',
    'SELECT a /*!50000 , NOW() */ FROM t',
    'SELECT a /*M!100000 , NOW() */ FROM t',
    'SELECT `now`() FROM t',
    'INSERT INTO t VALUES (1)',
    'TABLE t; DROP TABLE t',
  ])('may give another: %s', (sql) => {
    expect(analyse(sql, mode(flavor)).repeatable).toBe(false);
  });

  test.each([
    ['RETURN (SELECT SUM(a) FROM t)', true],
    ['BEGIN DECLARE x INT; SELECT MAX(a) INTO x FROM t; RETURN x; END', true],
    ['RETURN NOW()', false],
    ['RETURN @a', false],
    ['BEGIN DECLARE x TIME; RETURN x; END', false],
    ['BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET @x = 1; RETURN 1; END', false],
  ])('a function: %s', (body, expected) => {
    expect(isRepeatableProgram(body, mode(flavor))).toBe(expected);
  });
});

test('only functions that there are count as stable', () => {
  const known = new Set(builtinFunctions);
  expect([...stableFunctions].filter((name) => !known.has(name))).toEqual([]);
});
