import { expect, test } from 'vitest';
import { beforeId, idBehind, idOfOnlyRow, mixesIds } from './given-ids.ts';
import type { LexMode } from './lex-mode.ts';

const mode: LexMode = { ansiQuotes: false, noBackslashEscapes: false, flavor: 'mariadb' };

const ids = ['1', '0', "'7'", "'0'", 'NULL', 'DEFAULT', '1.5', '007', "'it''s'", "''", 'null'];

test.each(ids)('an id is the same to both: %s', (id) => {
  const before = 'INSERT INTO t1 (id, text) VALUES (';
  const sql = `${before}${id} , '1')`;
  expect(beforeId(sql, mode, 0)).toBe(before);
  expect(idBehind(sql, before)).toBe(idOfOnlyRow(sql, mode, 0));
});

test.each([
  ['a literal before it', "INSERT INTO t (text, id) VALUES ('x', 1)", 1],
  ['a term', 'INSERT INTO t (id) VALUES (1 + 1)', 0],
  ['a function', 'INSERT INTO t (id) VALUES (ABS(1))', 0],
  ['two rows', 'INSERT INTO t (id) VALUES (1), (2)', 0],
  ['a comment', 'INSERT INTO t (id) VALUES (/* 2 */ 1)', 0],
  ['no value', 'INSERT INTO t () VALUES ()', 0],
] as const)('nothing is known of others that are alike: %s', (_, sql, index) => {
  expect(beforeId(sql, mode, index)).toBeUndefined();
});

test.each([
  ['(1, 1), (2, 2)', false],
  ['(NULL, 1), (DEFAULT, 2)', false],
  ['(1, 1), (NULL, 2)', true],
  ['(1, 1), (2 - 2, 2)', true],
])('rows that give ids and rows that generate them: %s', (rows, mixed) => {
  const sql = `INSERT INTO t (id, v) VALUES ${rows}`;
  expect(mixesIds(sql, mode, 0)).toBe(mixed);
  expect(mixesIds(`SET STATEMENT max_statement_time = 9 FOR ${sql}`, mode, 0)).toBe(mixed);
  expect(mixesIds(`SET STATEMENT ${sql}`, mode, 0)).toBe(true);
});
