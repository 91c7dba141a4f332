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

test.each([
  ['FLUSH TABLES WITH READ LOCK', 'FLUSH TABLES WITH READ LOCK'],
  ['flush /*!40101 local */ table with read lock;', 'FLUSH TABLES WITH READ LOCK'],
  ['FLUSH NO_WRITE_TO_BINLOG TABLES', 'FLUSH LOCAL TABLES'],
  ['FLUSH TABLES t WITH READ LOCK', 'FLUSH TABLES'],
  ['FLUSH TABLES WITH READ LOCK AND DISABLE CHECKPOINT', 'FLUSH TABLES'],
  ['FLUSH TABLES t FOR EXPORT', 'FLUSH TABLES'],
  ['LOCK INSTANCE FOR BACKUP', 'LOCK INSTANCE'],
  ['UNLOCK INSTANCE', 'UNLOCK INSTANCE'],
])('%s is a lock: %s', (sql, verb) => {
  expect(analyse(sql, defaultLexMode)).toMatchObject({ kind: 'flush_lock', verb });
});

test.each(['FLUSH TABLES', 'FLUSH TABLES t', 'FLUSH LOCAL TABLES t', 'FLUSH LOCAL LOGS'])(
  '%s acts on every server',
  (sql) => {
    expect(analyse(sql, defaultLexMode)).toMatchObject({ kind: 'ddl', verb: 'FLUSH' });
  },
);
