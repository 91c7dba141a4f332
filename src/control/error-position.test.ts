import { expect, test } from 'vitest';
import { errorPosition } from './error-position.ts';

const near = (text: string, line: number) => ({
  errno: 1064,
  message:
    'You have an error in your SQL syntax; check the manual that corresponds to your MySQL ' +
    `server version for the right syntax to use near '${text}' at line ${line}`,
});

test.each([
  ['SELECT * FORM t', near('FORM t', 1), 9],
  ["SELECT 'it''s' FORM t", near('FORM t', 1), 15],
  ['SELECT a,\n  FROM a\n', near('FROM a', 2), 12],
  ['SELECT (1', near('', 1), 9],
  ['SELECT nam FROM t', { errno: 1054, message: "Unknown column 'nam' in 'field list'" }, 7],
  ['SELECT x.`nam` FROM t x', { errno: 1054, message: "Unknown column 'x.nam' in 'SELECT'" }, 10],
  ['SELECT * FROM app.nothing', { errno: 1146, message: "Table 'app.nothing' doesn't exist" }, 18],
  ['SELECT f(1)', { errno: 1305, message: 'FUNCTION app.f does not exist' }, 7],
  // It may be either of them.
  [
    'SELECT a FROM t WHERE a',
    { errno: 1054, message: "Unknown column 'a' in 'SELECT'" },
    undefined,
  ],
  ['INSERT INTO t VALUES (1)', { errno: 1062, message: "Duplicate entry '1'" }, undefined],
])('in %j', (sql, error, position) => {
  expect(errorPosition(sql, error)).toBe(position);
});
