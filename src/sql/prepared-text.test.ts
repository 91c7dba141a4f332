import { expect, test } from 'vitest';
import { defaultLexMode } from './lex-mode.ts';
import { parsePreparedText } from './prepared-text.ts';

const a = { text: '@a', variable: 'a' };
const b = { text: '@`B c`', variable: 'b c' };
const sum = { text: 'f(1, 2)', variable: undefined };

test.each([
  ["PREPARE S FROM 'SELECT ?'", { kind: 'prepare', name: 's', from: "'SELECT ?'" }],
  ['PREPARE `my s` FROM @text', { kind: 'prepare', name: 'my s', from: '@text' }],
  ['EXECUTE s', { kind: 'execute', name: 's', using: [] }],
  ['execute s using @a, @`B c`', { kind: 'execute', name: 's', using: [a, b] }],
  ['EXECUTE s USING f(1, 2), @a', { kind: 'execute', name: 's', using: [sum, a] }],
  [
    "EXECUTE IMMEDIATE CONCAT('SELECT ', ?) USING @a",
    { kind: 'immediate', from: "CONCAT('SELECT ', ?)", using: [a] },
  ],
  ['DEALLOCATE PREPARE s', { kind: 'deallocate', name: 's' }],
  ['DROP PREPARE s', { kind: 'deallocate', name: 's' }],
])('%s', (sql, expected) => {
  expect(parsePreparedText(sql, defaultLexMode)).toEqual(expected);
});

test.each(['PREPARE s', 'PREPARE s FROM', 'EXECUTE', 'EXECUTE s @a', 'EXECUTE s USING @a,'])(
  '%s is none',
  (sql) => {
    expect(parsePreparedText(sql, defaultLexMode)).toBeUndefined();
  },
);
