import { expect, test } from 'vitest';
import { defaultLexMode } from './lex-mode.ts';
import { parseLockTables } from './lock-tables.ts';

const parse = (sql: string) => parseLockTables(sql, defaultLexMode);

test('each table with its lock', () => {
  expect(
    parse('LOCK TABLES `a b` READ /*!32311 LOCAL */, s.t AS x LOW_PRIORITY WRITE, u v WRITE;'),
  ).toEqual([
    { table: { name: 'a b' }, alias: 'a b', write: false, text: '`a b`' },
    { table: { schema: 's', name: 't' }, alias: 'x', write: true, text: 's.t AS x' },
    { table: { name: 'u' }, alias: 'v', write: true, text: 'u v' },
  ]);
});

test.each([
  'LOCK TABLES',
  'LOCK TABLES t',
  'LOCK TABLES t READ,',
  'LOCK TABLES READ',
  'LOCK t READ',
])('%s is for the server to refuse', (sql) => {
  expect(parse(sql)).toBeUndefined();
});
