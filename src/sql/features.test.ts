import { expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import { perhapsFunctions } from './keywords.ts';
import type { LexMode } from './lex-mode.ts';

const mode = (flavor: LexMode['flavor']): LexMode => ({
  ansiQuotes: false,
  noBackslashEscapes: false,
  flavor,
});

const called = (sql: string, flavor: LexMode['flavor']): string[] => {
  const { functions, hasUnknownFunction } = analyse(sql, mode(flavor));
  return hasUnknownFunction ? [...functions] : [];
};

test.each(['mariadb', 'mysql'] as const)(
  'words of the grammar that name functions, %s',
  (flavor) => {
    for (const word of perhapsFunctions[flavor]) {
      expect(called(`SELECT ${word}(7)`, flavor)).toEqual([word]);
      expect(called(`CREATE PROCEDURE p() SELECT ${word} (7)`, flavor)).toEqual([word]);
    }
  },
);

test.each([
  'SELECT 1 FROM t WHERE MATCH (a, b) AGAINST (? IN BOOLEAN MODE)',
  'CREATE TABLE t (a INT, v VECTOR (3)) PARTITION BY LIST COLUMNS (a) (PARTITION p VALUES IN (1))',
  'SELECT CAST(a AS CHAR (10)), a IN (1), NOT (a), a BETWEEN (1) AND (2) FROM t',
  'INSERT INTO t (a) VALUES (1)',
])('no call is in %s', (sql) => {
  for (const flavor of ['mariadb', 'mysql'] as const) expect(called(sql, flavor)).toEqual([]);
});
