import { expect, test } from 'vitest';
import { defaultLexMode } from './lex-mode.ts';
import { replaceQueryAttributes } from './query-attributes.ts';

const call = "mysql_query_attribute_string('trace')";
const replaced = (sql: string): string =>
  replaceQueryAttributes(sql, defaultLexMode, (name) => `<${name}>`);

test.each([
  [`SELECT ${call}`, `SELECT <trace> AS \`${call}\``],
  [`SELECT ${call} AS a, 1`, 'SELECT <trace> AS a, 1'],
  [`SELECT UPPER(${call})`, 'SELECT UPPER(<trace>)'],
  ["SELECT `MYSQL_QUERY_ATTRIBUTE_STRING` ( 'o''k' ) AS a", "SELECT <o'k> AS a"],
  [`INSERT INTO t VALUES (1, ${call})`, 'INSERT INTO t VALUES (1, <trace>)'],
])('%s', (sql, expected) => {
  expect(replaced(sql)).toBe(expected);
});

test.each([
  `SELECT "${call}"`,
  'SELECT mysql_query_attribute_string FROM t',
  "SELECT app.mysql_query_attribute_string('trace')",
  `CREATE FUNCTION f() RETURNS TEXT RETURN ${call}`,
])('%s stays', (sql) => {
  expect(replaced(sql)).toBe(sql);
});

test('a name that is no literal is refused', () => {
  expect(() => replaced('SELECT mysql_query_attribute_string(name) FROM t')).toThrow(/literal/);
});
