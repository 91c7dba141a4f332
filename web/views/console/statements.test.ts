import { expect, test } from 'vitest';
import { isDefinition, isRead, statementAt, statementsOf } from './statements.ts';

const texts = (text: string) => statementsOf(text).map(({ from, to }) => text.slice(from, to));

test('a semicolon in a string, a name or a comment ends no statement', () => {
  const text = "SELECT 'a;''b\\';', `c;d`; -- e; f\nSELECT 2 /* ; */; # g;\n;SELECT 3";
  expect(texts(text)).toEqual([
    "SELECT 'a;''b\\';', `c;d`",
    '-- e; f\nSELECT 2 /* ; */',
    '# g;',
    'SELECT 3',
  ]);
});

test('the statement at the cursor is the one it is in, or the one before it', () => {
  const text = 'SELECT 1;\n\nSELECT 2;  ';
  const at = (place: number) => {
    const span = statementAt(text, place);
    return span === undefined ? undefined : text.slice(span.from, span.to);
  };
  expect([0, 8, 9, 10, 11, 19, 22].map(at)).toEqual([
    'SELECT 1',
    'SELECT 1',
    'SELECT 1',
    'SELECT 1',
    'SELECT 2',
    'SELECT 2',
    'SELECT 2',
  ]);
  expect(statementAt('  ', 1)).toBeUndefined();
});

test('what reads may be run again', () => {
  expect(['SELECT 1', '/* a */ show tables', 'WITH a AS (SELECT 1) TABLE a'].map(isRead)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['DELETE FROM a', 'SELECT 1 FOR UPDATE'].map(isRead)).toEqual([false, false]);
  expect(['CREATE TABLE a (b INT)', 'SELECT 1'].map(isDefinition)).toEqual([true, false]);
});
