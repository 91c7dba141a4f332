import { expect, test } from 'vitest';
import { defaultLexMode } from './lex-mode.ts';
import { splitStatements } from './split-statements.ts';

const split = (sql: string): string[] =>
  splitStatements(sql, defaultLexMode).map(({ start, end }) => sql.slice(start, end));

test('a versioned comment that ends a statement is whole', () => {
  const create = 'CREATE TABLE t (id INT) /*!50100 PARTITION BY HASH (id)\nPARTITIONS 3 */';
  expect(split(`${create};\n`)).toEqual([create]);
  expect(split(`SELECT 1; ${create}`)).toEqual(['SELECT 1', create]);
});

test('one that is all of a statement is left out on both sides', () => {
  expect(split('/*!40101 SET @a = 1 */; SELECT 2;')).toEqual(['SET @a = 1', 'SELECT 2']);
});
