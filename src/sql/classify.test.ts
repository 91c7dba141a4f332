import { expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import { defaultLexMode } from './lex-mode.ts';

test.each([
  'ANALYZE ',
  'ANALYZE FORMAT=JSON ',
  'EXPLAIN ANALYZE ',
  'WITH a AS (SELECT 1) ',
  'WITH a AS (SELECT 1) (',
  'SET STATEMENT max_statement_time=1 FOR ',
])('a chain of %s is not understood, however long', (wrapper) => {
  const mode = { ...defaultLexMode, flavor: 'mariadb' } as const;
  const { kind, understood } = analyse(`${wrapper.repeat(8_000)}SELECT 1`, mode);
  expect({ kind, understood }).toEqual({ kind: 'write', understood: false });
});

test('what stands before a statement does not hide what it is', () => {
  const mode = { ...defaultLexMode, flavor: 'mariadb' } as const;
  const text =
    'SET STATEMENT max_statement_time=1 FOR ANALYZE WITH a AS (SELECT 1) SELECT * FROM a';
  expect(analyse(text, mode)).toMatchObject({ kind: 'read', understood: true });
});
