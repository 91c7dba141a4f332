import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { literalValue } from './literal-value.ts';
import { isOperator, isWord, nameOf, type Token } from './token.ts';
import type { Span } from './write-shape.ts';

/** A place where CREATE USER, ALTER USER or SET PASSWORD gives a password in the clear. */
export interface PasswordClause extends Span {
  /** The account as written; undefined for the one that is logged in. */
  readonly account: string | undefined;
  /** The authentication plugin, if the clause names one. */
  readonly plugin: string | undefined;
  /** Its bytes, as a binary string. */
  readonly password: string;
}

export interface PasswordClauses {
  readonly clauses: readonly PasswordClause[];
  /** The first word of something that only a password in the clear can have. */
  readonly bound: string | undefined;
}

/** Each IDENTIFIED [WITH plugin] BY 'password', or the whole of SET PASSWORD. MySQL only. */
export function passwordClauses(sql: string, mode: LexMode): PasswordClauses {
  const tokens = new Lexer(sql, mode).run().filter((token) => token.text !== ';');
  const bound = tokens.find((_token, index) => isBound(tokens, index));
  const clauses = isWord(tokens[0], 'SET') ? setPassword(sql, tokens, mode) : [];
  let accountFrom = 2;
  for (const [index, token] of tokens.entries()) {
    const previous = tokens[index - 1];
    if (isWord(previous, 'EXISTS') || isOperator(previous, ',')) accountFrom = index;
    if (!isWord(token, 'IDENTIFIED')) continue;
    const named = isWord(tokens[index + 1], 'WITH') ? tokens[index + 2] : undefined;
    const by = named ? index + 3 : index + 1;
    const password = literalValue(sql, tokens[by + 1], mode);
    if (!isWord(tokens[by], 'BY') || password?.kind !== 'string') continue;
    clauses.push({
      start: token.start,
      end: tokens[by + 1]?.end ?? token.end,
      account: sql.slice(tokens[accountFrom]?.start, previous?.end),
      plugin: named && (literalValue(sql, named, mode)?.text ?? nameOf(sql, named)),
      password: password.text,
    });
  }
  return { clauses, bound: bound && sql.slice(bound.start, bound.end).toUpperCase() };
}

/** REPLACE 'old', RETAIN CURRENT PASSWORD, a second or third factor. */
function isBound(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (isWord(token, 'REPLACE')) return tokens[index + 1]?.kind === 'string';
  if (isWord(token, 'RETAIN')) return isWord(tokens[index + 1], 'CURRENT');
  return (
    isWord(token, 'FACTOR') || (isWord(token, 'AND') && isWord(tokens[index + 1], 'IDENTIFIED'))
  );
}

/** SET PASSWORD [FOR account] = 'password'. */
function setPassword(sql: string, tokens: readonly Token[], mode: LexMode): PasswordClause[] {
  if (!isWord(tokens[1], 'PASSWORD')) return [];
  const equals = tokens.findIndex((token) => isOperator(token, '=') || isOperator(token, ':='));
  const password = literalValue(sql, tokens[equals + 1], mode);
  if (equals < 0 || password?.kind !== 'string') return [];
  const named = isWord(tokens[2], 'FOR');
  return [
    {
      start: 0,
      end: tokens[equals + 1]?.end ?? sql.length,
      account: named ? sql.slice(tokens[3]?.start, tokens[equals - 1]?.end) : undefined,
      plugin: undefined,
      password: password.text,
    },
  ];
}
