import { expect, test } from 'vitest';
import { markStatement } from './mark-statement.ts';

test.each([
  ['INSERT INTO t VALUES (1)', 'INSERT /* m */ INTO t VALUES (1)'],
  ['  \n delete FROM t', '  \n delete /* m */ FROM t'],
  ['/* a comment */ -- and more\nUPDATE t', '/* a comment */ -- and more\nUPDATE /* m */ t'],
  ['# one\n/**/DROP TABLE t', '# one\n/**/DROP /* m */ TABLE t'],
])('%j', (sql, marked) => {
  expect(markStatement(sql, 'm')).toBe(marked);
});

test.each(['/*! INSERT INTO t VALUES (1) */', '/*M! DELETE FROM t */', '(SELECT 1)', '', '--'])(
  '%j begins with no word',
  (sql) => {
    expect(() => markStatement(sql, 'm')).toThrow(/begins with a word/);
  },
);
