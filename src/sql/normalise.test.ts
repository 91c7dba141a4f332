import { expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import { defaultLexMode } from './lex-mode.ts';
import { normalisedMax } from './normalise.ts';

const normalised = (sql: string): string => analyse(sql, defaultLexMode).normalised;

test.each([
  ['select * from `users` where id=42', 'SELECT * FROM users WHERE id = ?'],
  ['SELECT  *\nFROM users /* one */ WHERE id = -7 -- two', 'SELECT * FROM users WHERE id = ?'],
  ['SELECT * FROM users WHERE id = ?', 'SELECT * FROM users WHERE id = ?'],
  ["SELECT 1 FROM t WHERE a IN ('x')", 'SELECT ? FROM t WHERE a IN (...)'],
  ["SELECT 1 FROM t WHERE a IN ('x', 2, NULL)", 'SELECT ? FROM t WHERE a IN (...)'],
  ["insert into t(a,b) values (1,'x')", 'INSERT INTO t (a, b) VALUES (...)'],
  [
    "INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'), (?, ?)",
    'INSERT INTO t (a, b) VALUES (...), ...',
  ],
  ['INSERT INTO t VALUES (NOW(), 1), (now(), 2),(NOW(),3)', 'INSERT INTO t VALUES (NOW(), ?), ...'],
  [
    'INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE n = n + 1',
    'INSERT INTO t VALUES (...) ON DUPLICATE KEY UPDATE n = n + ?',
  ],
  ['SELECT a - 1, b + -2 FROM t LIMIT 10, 20', 'SELECT a - ?, b + ? FROM t LIMIT ?, ...'],
  ['SELECT COUNT(*), Max(x) FROM app.`order`', 'SELECT COUNT(*), MAX(x) FROM app.`order`'],
  ['SELECT my_function(1)', 'SELECT my_function (?)'],
  [
    "SELECT doc->'$.a' FROM t WHERE a<=1 AND b <> 2 AND c IS NOT NULL AND d = NULL",
    'SELECT doc -> ? FROM t WHERE a <= ? AND b <> ? AND c IS NOT NULL AND d = ?',
  ],
  ['CREATE TABLE t (a INT NOT NULL DEFAULT 5)', 'CREATE TABLE t (a INT NOT NULL DEFAULT ?)'],
  ["SELECT 'a' 'b', N'c', x'00', 1.5e3, .5, 0xff", 'SELECT ?, ...'],
  ['SELECT Name FROM Users', 'SELECT Name FROM Users'],
  ['SET @x := 5, @@sql_mode = ""', 'SET @x := ?, @@sql_mode = ?'],
  ['/*!40101 SET NAMES utf8 */', 'SET NAMES utf8'],
  [
    'SELECT * FROM a WHERE (a, b) IN ((1, 2), (3, 4))',
    'SELECT * FROM a WHERE (a, b) IN ((...), ...)',
  ],
  ["CREATE USER u IDENTIFIED BY 'secret'", 'CREATE USER u IDENTIFIED BY ?'],
  ['', ''],
])('%s', (sql, expected) => {
  expect(normalised(sql)).toBe(expected);
});

test('however many rows an INSERT has, it is the same', () => {
  const rows = (count: number): string => Array.from({ length: count }, () => '(1, NOW())').join();
  expect(normalised(`INSERT INTO t VALUES ${rows(5000)}`)).toBe(
    normalised(`INSERT INTO t VALUES ${rows(2)}`),
  );
});

test('a long one is cut', () => {
  const columns = Array.from({ length: 1000 }, (_, index) => `column_${index}`);
  const text = normalised(`SELECT ${columns.join(', ')} FROM t`);
  expect(text.length).toBe(normalisedMax);
  expect(text).toMatch(/^SELECT column_0, .*\.\.\.$/);
});

test('a text that cannot be followed keeps what could', () => {
  expect(normalised("SELECT a FROM t WHERE b = 'never closed")).toBe(
    'SELECT a FROM t WHERE b = ...',
  );
});
