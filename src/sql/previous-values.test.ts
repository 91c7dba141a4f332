import { expect, test } from 'vitest';
import { defaultLexMode } from './lex-mode.ts';
import { withPreviousValues } from './previous-values.ts';

const values = { rowCount: -1, foundRows: 7, warningCount: 2, errorCount: 1, autocommit: 0 };
const rendered = (sql: string): string => withPreviousValues(sql, defaultLexMode, values);

test.each([
  ['SELECT ROW_COUNT()', 'SELECT CAST(-1 AS SIGNED) AS `ROW_COUNT()`'],
  ['SELECT found_rows ( ) AS n', 'SELECT CAST(7 AS SIGNED) AS n'],
  ['SELECT FOUND_ROWS() n, 1', 'SELECT CAST(7 AS SIGNED) n, 1'],
  [
    'SELECT DISTINCT a, @@warning_count + @@session.error_count, b FROM t',
    'SELECT DISTINCT a, CAST(2 AS SIGNED) + CAST(1 AS SIGNED)' +
      ' AS `@@warning_count + @@session.error_count`, b FROM t',
  ],
  [
    'SELECT IF(ROW_COUNT() > 0, 1, 2)',
    'SELECT IF(CAST(-1 AS SIGNED) > 0, 1, 2) AS `IF(ROW_COUNT() > 0, 1, 2)`',
  ],
  [
    'SELECT @@warning_count IS NULL',
    'SELECT CAST(2 AS SIGNED) IS NULL AS `@@warning_count IS NULL`',
  ],
  ['SELECT a FROM t WHERE n = ROW_COUNT()', 'SELECT a FROM t WHERE n = CAST(-1 AS SIGNED)'],
  ['INSERT INTO t VALUES (ROW_COUNT())', 'INSERT INTO t VALUES (CAST(-1 AS SIGNED))'],
  ['SET @n = FOUND_ROWS()', 'SET @n = CAST(7 AS SIGNED)'],
  ["SELECT 'ROW_COUNT()', app.ROW_COUNT()", "SELECT 'ROW_COUNT()', app.ROW_COUNT()"],
  ['SET @a = @@autocommit, autocommit = 1', 'SET @a = CAST(0 AS SIGNED), autocommit = 1'],
  [
    'SET @@autocommit = 1, @@session.autocommit := 0',
    'SET @@autocommit = 1, @@session.autocommit := 0',
  ],
  ['SELECT @@global.warning_count', 'SELECT @@global.warning_count'],
])('%s', (sql, expected) => expect(rendered(sql)).toBe(expected));
