import { expect, test } from 'vitest';
import { defaultLexMode, type LexMode } from './lex-mode.ts';
import { withPreviousValues } from './previous-values.ts';

const values = {
  ...{ rowCount: -1, foundRows: 7, warningCount: 2, errorCount: 1 },
  ...{ autocommit: 0, metadata: 'NONE' },
};
const reading = { purpose: 'read', prepared: false } as const;
const mariadb: LexMode = { ...defaultLexMode, flavor: 'mariadb' };

test.each([
  ['SELECT ROW_COUNT()', 'SELECT CAST(-1 AS SIGNED) AS `ROW_COUNT()`'],
  ['SELECT found_rows ( ) AS n', 'SELECT IF(1,CAST(7 AS SIGNED),FOUND_ROWS()) AS n'],
  ['SELECT ROW_COUNT() n, 1', 'SELECT CAST(-1 AS SIGNED) n, 1'],
  [
    'SELECT DISTINCT a, @@warning_count + @@session.error_count, b FROM t',
    'SELECT DISTINCT a, NULLIF(CAST(2 AS UNSIGNED),-1) + NULLIF(CAST(1 AS UNSIGNED),-1)' +
      ' AS `@@warning_count + @@session.error_count`, b FROM t',
  ],
  [
    'SELECT IF(ROW_COUNT() > 0, 1, 2)',
    'SELECT IF(CAST(-1 AS SIGNED) > 0, 1, 2) AS `IF(ROW_COUNT() > 0, 1, 2)`',
  ],
  ['SELECT ROW_COUNT() IS NULL', 'SELECT CAST(-1 AS SIGNED) IS NULL AS `ROW_COUNT() IS NULL`'],
  ['SELECT a FROM t WHERE n = ROW_COUNT()', 'SELECT a FROM t WHERE n = CAST(-1 AS SIGNED)'],
  ["SELECT 'ROW_COUNT()', app.ROW_COUNT()", "SELECT 'ROW_COUNT()', app.ROW_COUNT()"],
  ['SET @a = @@autocommit, autocommit = 1', 'SET @a = IF(0,@@autocommit,0), autocommit = 1'],
  [
    'SET @@autocommit = 1, @@session.autocommit := 0',
    'SET @@autocommit = 1, @@session.autocommit := 0',
  ],
  [
    'SELECT FOUND_ROWS() AS f, @@warning_count AS w',
    'SELECT IF(1,CAST(7 AS SIGNED),FOUND_ROWS()) AS f, NULLIF(CAST(1 AS UNSIGNED),-1) AS w',
  ],
  ['SELECT @@resultset_metadata AS m', "SELECT 'NONE' AS m"],
  ['SELECT @@global.warning_count', 'SELECT @@global.warning_count'],
])('%s', (sql, expected) =>
  expect(withPreviousValues(sql, defaultLexMode, values, reading)).toBe(expected),
);

test.each([
  ['SELECT ROW_COUNT() AS n', 'SELECT CAST(-1|0 AS SIGNED) AS n'],
  ['SELECT FOUND_ROWS() AS n', 'SELECT CAST(7|0 AS SIGNED) AS n'],
  ['SELECT @@warning_count AS n', 'SELECT NULLIF(2|0,-1) AS n'],
])('%s on MariaDB', (sql, expected) =>
  expect(withPreviousValues(sql, mariadb, values, reading)).toBe(expected),
);

test('a write names nothing that only one node knows', () => {
  const sql = 'INSERT INTO t VALUES (ROW_COUNT(), FOUND_ROWS(), @@autocommit)';
  expect(
    withPreviousValues(sql, defaultLexMode, values, { purpose: 'write', prepared: false }),
  ).toBe('INSERT INTO t VALUES (CAST(-1 AS SIGNED), CAST(7 AS SIGNED), 0)');
});
