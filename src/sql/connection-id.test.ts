import { expect, test } from 'vitest';
import { replaceConnectionId } from './connection-id.ts';
import { defaultLexMode } from './lex-mode.ts';

const replaced = (sql: string): string => replaceConnectionId(sql, defaultLexMode, 7);
const seven = 'CAST(7 AS UNSIGNED)';

test.each([
  ['SELECT CONNECTION_ID()', `SELECT ${seven} AS \`CONNECTION_ID()\``],
  ['select connection_id ( ), 1', `select ${seven} AS \`connection_id ( )\`, 1`],
  ['SELECT CONNECTION_ID() AS id', `SELECT ${seven} AS id`],
  ['SELECT CONNECTION_ID() id', `SELECT ${seven} id`],
  ['SELECT 1 + CONNECTION_ID()', `SELECT 1 + ${seven}`],
  ['SELECT @@pseudo_thread_id', `SELECT ${seven} AS \`@@pseudo_thread_id\``],
  ['SELECT a FROM t GROUP BY CONNECTION_ID()', `SELECT a FROM t GROUP BY ${seven}`],
  ['SELECT IF(CONNECTION_ID(), 1, 2)', `SELECT IF(${seven}, 1, 2)`],
  ['INSERT INTO t VALUES (1, CONNECTION_ID())', `INSERT INTO t VALUES (1, ${seven})`],
  ['SET @x = CONNECTION_ID()', `SET @x = ${seven}`],
])('%s', (sql, expected) => {
  expect(replaced(sql)).toBe(expected);
});

test.each([
  "SELECT 'CONNECTION_ID()'",
  'SELECT 1 /* CONNECTION_ID() */',
  'SELECT connection_id FROM t',
  'SET @@pseudo_thread_id = 5',
  'CREATE VIEW v AS SELECT CONNECTION_ID() AS id',
  'SELECT 1',
])('%s stays', (sql) => {
  expect(replaced(sql)).toBe(sql);
});
