import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';
import { lowerName } from './lower-name.ts';

/**
 * Whether the LOAD at `main` takes a file of its client. LOCAL must stand where the grammar has
 * it: without it the server would read a file of its own.
 * LOAD {DATA | XML} [LOW_PRIORITY | CONCURRENT] [FROM] LOCAL INFILE 'name' …
 */
export function isLocalLoad(tokens: readonly Token[], main: number): boolean {
  let at = main + 2;
  if (isWord(tokens[at], 'LOW_PRIORITY') || isWord(tokens[at], 'CONCURRENT')) at += 1;
  if (isWord(tokens[at], 'FROM')) at += 1;
  return isWord(tokens[at], 'LOCAL') && isWord(tokens[at + 1], 'INFILE');
}

/** Whether it may give this column a value: it lists no columns, or names this one. */
export function loadsColumn(sql: string, mode: LexMode, column: string): boolean {
  const tokens = new Lexer(sql, mode).run();
  const open = tokens.findIndex(
    (token, index) => isOperator(token, '(') && !isWord(tokens[index - 1], 'PARTITION'),
  );
  if (open < 0) return true;
  const named = (token: Token): boolean =>
    isName(token) && lowerName(nameOf(sql, token)) === lowerName(column);
  return tokens.slice(open).some(named);
}

/**
 * The text with the file's character set in it. Where it gives none, the servers take that of the
 * schema the session is in, which need not be the same on every node.
 */
export function withFileCharset(sql: string, mode: LexMode, charset: string): string {
  const tokens = new Lexer(sql, mode).run();
  const table = tokens.findIndex(
    (token, index) => isWord(token, 'TABLE') && isWord(tokens[index - 1], 'INTO'),
  );
  if (table < 0) return sql;
  let at = table + 1;
  while (isName(tokens[at]) && isOperator(tokens[at + 1], '.')) at += 2;
  if (isWord(tokens[at + 1], 'PARTITION')) at = outlineOf(tokens).closers.get(at + 2) ?? at;
  const next = tokens[at + 1];
  const end = tokens[at]?.end;
  const given = isWord(next, 'CHARSET') || isWord(next, 'CHARACTER') || isWord(next, 'CHAR');
  if (given || end === undefined) return sql;
  return `${sql.slice(0, end)} CHARACTER SET ${charset}${sql.slice(end)}`;
}
