import { expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import type { LexMode } from './lex-mode.ts';

const mode: LexMode = { ansiQuotes: false, noBackslashEscapes: false, flavor: 'mariadb' };
const named = (sql: string): string =>
  analyse(sql, mode)
    .tables.map(({ name }) => name)
    .join(' ');

test.each([
  'SELECT 1 FROM a JOIN b ON value = x JOIN c ON x = value JOIN d',
  'SELECT 1 FROM a JOIN b ON x = 1 AND window JOIN c ON qualify IS NULL JOIN d',
  'SELECT 1 FROM a window, b AS returning, c qualify JOIN d value',
  'SELECT 1 FROM a IGNORE INDEX FOR ORDER BY (k), b USE INDEX FOR JOIN (k) JOIN c, d',
  'SELECT 1 FROM a FORCE KEY FOR GROUP BY (k) JOIN b, c, d ORDER BY x, y',
  'UPDATE a JOIN b ON value = x JOIN c, d SET c.x = 1, d.y = 2',
])('the list of tables goes on: %s', (sql) => {
  expect(named(sql)).toBe('a b c d');
});

test.each([
  'SELECT SUM(x) OVER w FROM a, b WINDOW w AS (ORDER BY x), v AS (ORDER BY y)',
  'SELECT x FROM a JOIN b ON a.x = b.x WINDOW w AS (ORDER BY x), v AS (ORDER BY y)',
  'SELECT x FROM a, b QUALIFY ROW_NUMBER() OVER (ORDER BY x) = 1, y',
  'DELETE FROM a WHERE x IN (SELECT x FROM b) RETURNING x, y',
  'SELECT x FROM a, b ORDER BY x, y',
])('the list of tables is over: %s', (sql) => {
  expect(named(sql)).toBe('a b');
});

test.each([
  'SELECT 1 FROM a WHERE x IN ((SELECT x FROM b) UNION SELECT x FROM c)',
  'SELECT EXISTS ((SELECT x FROM a) EXCEPT ALL SELECT x FROM b INTERSECT TABLE c)',
  '((SELECT x FROM a) UNION SELECT x FROM b) UNION SELECT x FROM c',
  'SELECT (((SELECT x FROM a) UNION SELECT x FROM b) UNION SELECT x FROM c)',
  'SELECT 1 FROM ((SELECT x FROM a) UNION SELECT x FROM b) d JOIN c',
  'SELECT 1 FROM ((SELECT x FROM a) d JOIN b) JOIN c',
  'SELECT ((SELECT x FROM a) + EXTRACT(DAY FROM z)), (SELECT 1 FROM b, c)',
  'SELECT 1 FROM ((SELECT x FROM a) minus JOIN b) JOIN c',
])('queries in parentheses of parentheses: %s', (sql) => {
  expect(named(sql)).toBe('a b c');
});

test.each([
  'SELECT COUNT(*) AS tables FROM a JOIN b JOIN c',
  'SELECT tables FROM a, b, c',
  'SELECT truncate FROM a, b, c',
  'SELECT 1 FROM a JOIN b ON a.x = tables JOIN c',
])('words of statements are names too: %s', (sql) => {
  expect(named(sql)).toBe('a b c');
});

test('what WITH names hides tables of its own statement alone', () => {
  const body = 'BEGIN WITH a AS (SELECT 1 x) SELECT x FROM a; UPDATE a SET x = 1; END';
  const { tables, writtenTables } = analyse(`CREATE PROCEDURE p() ${body}`, mode);
  expect([tables, writtenTables]).toEqual([[{ name: 'a' }], [{ name: 'a' }]]);
});

test('DELETE names its tables by aliases in any case', () => {
  const { writtenTables } = analyse('DELETE A, c FROM t AS a JOIN u AS c JOIN v', mode);
  expect(writtenTables).toEqual([{ name: 't' }, { name: 'u' }]);
});

test.each(['INSERT HIGH_PRIORITY t (a) VALUES (1)', 'REPLACE DELAYED app.t (a) VALUES (1)'])(
  'a table behind modifiers is no function: %s',
  (sql) => {
    expect(analyse(sql, mode).functions).toEqual(new Set());
  },
);

test.each(['*', '1', "'x'", '(1)', 'NULL', 'CASE WHEN x THEN y END', 'IF(x, y, 1)', 'NOT x'])(
  'RETURNING %s names no tables',
  (what) => {
    expect(named(`DELETE FROM a RETURNING ${what}, x`)).toBe('a');
  },
);

test.each([
  'INSERT INTO a SET x = 1',
  'REPLACE a VALUES (1)',
  'UPDATE a SET x = 1',
  'DELETE FROM a',
  'ANALYZE UPDATE a SET x = 1',
])('behind SET STATEMENT … FOR is written as elsewhere: %s', (sql) => {
  const written = (text: string) => analyse(text, mode).writtenTables;
  expect(written(`SET STATEMENT max_statement_time = 9 FOR ${sql}`)).toEqual([{ name: 'a' }]);
  const locking = 'SET STATEMENT max_statement_time = 9 FOR SELECT 1 FROM a FOR UPDATE';
  expect(written(locking)).toEqual([]);
});
