import { describe, expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import { bulkText } from './bulk-text.ts';
import type { LexMode } from './lex-mode.ts';

const mode: LexMode = { flavor: 'mariadb', ansiQuotes: false, noBackslashEscapes: false };
const textOf = (sql: string) => bulkText(sql, analyse(sql, mode), mode);
const parts = (sql: string, rows: readonly (readonly string[])[], bytesMax = 10_000): string[] =>
  [...(textOf(sql)?.parts(rows, bytesMax) ?? [])].map((part) => part.sql);
const pairs = [
  ['1', "'a'"],
  ['2', "'b'"],
];

test.each([
  ['INSERT INTO t VALUES (?, ?)', "INSERT INTO t VALUES (1, 'a'),(2, 'b')"],
  ['INSERT t (a, b) VALUES(?,LOWER(?))', "INSERT t (a, b) VALUES(1,LOWER('a')),(2,LOWER('b'))"],
  ["REPLACE t VALUES (?, '?'), (0, ?);", "REPLACE t VALUES (1, '?'), (0, 'a'),(2, '?'), (0, 'b');"],
  [
    'INSERT INTO t SET a = ?, t.`b``c` = CONCAT(?, 1) RETURNING a',
    "INSERT INTO t (`a`,`b``c`) VALUES (1,CONCAT('a', 1)),(2,CONCAT('b', 1)) RETURNING a",
  ],
  [
    'INSERT INTO t VALUES (?, ?) -- rows\n ON DUPLICATE KEY UPDATE a = VALUES(a) + 1',
    "INSERT INTO t VALUES (1, 'a'),(2, 'b') -- rows\n ON DUPLICATE KEY UPDATE a = VALUES(a) + 1",
  ],
])('%s has many rows', (sql, expected) => {
  expect(textOf(sql)?.rowByRow).toBe(false);
  expect(parts(sql, pairs)).toEqual([expected]);
});

test('another parameter behind the rows is another statement', () => {
  const sql = 'INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = ?';
  const rows = [
    ['1', '7'],
    ['2', '7'],
    ['3', '8'],
  ];
  expect([...(textOf(sql)?.parts(rows, 10_000) ?? [])]).toEqual([
    { sql: 'INSERT INTO t VALUES (1),(2) ON DUPLICATE KEY UPDATE a = 7', rows: 2, before: 0 },
    { sql: 'INSERT INTO t VALUES (3) ON DUPLICATE KEY UPDATE a = 8', rows: 1, before: 2 },
  ]);
});

test('no part is longer than it may be, unless one row is', () => {
  const rows = ['1', '2', '3', '44444444444444444444'].map((value) => [value]);
  const two = 'INSERT INTO t VALUES (1),(2)';
  const found = parts('INSERT INTO t VALUES (?)', rows, two.length);
  expect(found.map((sql) => sql.slice('INSERT INTO t VALUES '.length))).toEqual([
    '(1),(2)',
    '(3)',
    '(44444444444444444444)',
  ]);
});

test.each([
  [
    'UPDATE t SET a = ? WHERE b = ?',
    ["UPDATE t SET a = 1 WHERE b = 'a'", "UPDATE t SET a = 2 WHERE b = 'b'"],
  ],
  [
    'DELETE FROM t WHERE a = ? AND b = ?',
    ["DELETE FROM t WHERE a = 1 AND b = 'a'", "DELETE FROM t WHERE a = 2 AND b = 'b'"],
  ],
])('%s is a statement for each row', (sql, expected) => {
  expect(textOf(sql)?.rowByRow).toBe(true);
  expect(parts(sql, pairs)).toEqual(expected);
});

test.each([
  'SELECT ?',
  'SET @a = ?',
  'CALL p(?)',
  'INSERT INTO t SELECT ?',
  'INSERT INTO t VALUES (1)',
  'DELETE a FROM a JOIN b USING (id) WHERE a.id = ?',
  'TRUNCATE t',
])('%s cannot be executed in bulk', (sql) => {
  expect(textOf(sql)).toBeUndefined();
});

describe('what stands for no value', () => {
  const standIns = (sql: string): unknown[] => {
    const text = textOf(sql);
    const count = sql.split('?').length - 1;
    return Array.from({ length: count }, (_, index) => [
      text?.standIn(index, 'default'),
      text?.standIn(index, 'ignore'),
    ]);
  };
  const byDefault = ['DEFAULT', 'DEFAULT'];
  const none = [undefined, undefined];

  test.each([
    ['INSERT INTO t VALUES (?, ? + 1, (?))', [byDefault, none, none]],
    ['INSERT INTO t SET a = ?, b = -?', [byDefault, none]],
    [
      'INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = ?, b = a = ?',
      [byDefault, byDefault, none],
    ],
    ['UPDATE t SET a = ?, s.`b` = ? WHERE c = ?', [['DEFAULT', 'a'], ['DEFAULT', 's.`b`'], none]],
    ['UPDATE t SET a = ? + 1, b = IF(?, 1, 2) LIMIT ?', [none, none, none]],
    ['DELETE FROM t WHERE a = ?', [none]],
  ])('in %s', (sql, expected) => {
    expect(standIns(sql)).toEqual(expected);
  });
});
