import { expect, test } from 'vitest';
import { Lexer } from './lexer.ts';
import { defaultLexMode } from './lex-mode.ts';

test.each([
  'SELECT @x',
  'SELECT @',
  'SELECT @x.',
  'SELECT @@x',
  'SELECT @@x.',
  'x',
  '1',
  '1.',
  '1e',
])('a text that ends in the middle of "%s" ends', (sql) => {
  const tokens = new Lexer(sql, defaultLexMode).run();
  expect(tokens.at(-1)?.end).toBe(sql.length);
});
