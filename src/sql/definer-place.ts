import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { isOperator, isWord, type Token } from './token.ts';
import type { Span } from './write-shape.ts';

/**
 * Where CREATE VIEW, FUNCTION, PROCEDURE, TRIGGER, EVENT and ALTER EVENT take on the account that
 * runs them:
 * - `missing`: without a DEFINER; it would stand at `start`;
 * - `current`: CURRENT_USER is named, in this span;
 * - `role`: CURRENT_ROLE is named.
 */
export interface DefinerPlace extends Span {
  readonly kind: 'missing' | 'current' | 'role';
}

const objects = new Set('VIEW FUNCTION PROCEDURE TRIGGER EVENT PACKAGE'.split(' '));

/** Undefined when the statement names an account, or none is kept with the object. */
export function definerPlace(sql: string, mode: LexMode): DefinerPlace | undefined {
  const tokens = new Lexer(sql, mode).run();
  // A function of a shared library belongs to nobody.
  if (tokens.some((token) => isWord(token, 'SONAME'))) return undefined;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    if (token.text === 'DEFINER' && isOperator(tokens[index + 1], '=')) {
      return namedAccount(tokens, index + 2);
    }
    const security = token.text === 'SQL' && isWord(tokens[index + 1], 'SECURITY');
    if (security || token.text === 'AGGREGATE' || objects.has(token.text)) {
      return { kind: 'missing', start: token.start, end: token.start };
    }
  }
  return undefined;
}

function namedAccount(tokens: readonly Token[], at: number): DefinerPlace | undefined {
  const token = tokens[at];
  const user = isWord(token, 'CURRENT_USER');
  if (!token || !(user || isWord(token, 'CURRENT_ROLE'))) return undefined;
  const called = isOperator(tokens[at + 1], '(') && isOperator(tokens[at + 2], ')');
  const last = (called ? tokens[at + 2] : token) ?? token;
  return { kind: user ? 'current' : 'role', start: token.start, end: last.end };
}
