import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { literalValue } from './literal-value.ts';
import { isOperator, isWord, type Token } from './token.ts';

/** Whose statement or connection KILL ends. */
export type KillTarget =
  /** The text of an expression that gives a session's number. */
  | { readonly kind: 'session'; readonly expression: string }
  /** MariaDB: KILL USER name: every session of an account. */
  | { readonly kind: 'user'; readonly user: string; readonly host: string | undefined }
  /** MariaDB: KILL QUERY ID n: by the number of a statement. */
  | { readonly kind: 'query_id' };

export interface KillStatement {
  /** Only what is running ends; the session lives on. */
  readonly queryOnly: boolean;
  readonly target: KillTarget;
}

/**
 * KILL [HARD | SOFT] [CONNECTION | QUERY [ID]] {expression | USER name[@host]}; undefined for what
 * is none. Sources: MySQL manual "KILL Statement"; https://mariadb.com/kb/en/kill/
 */
export function parseKill(sql: string, mode: LexMode): KillStatement | undefined {
  const tokens = new Lexer(sql, mode).run();
  if (!isWord(tokens[0], 'KILL')) return undefined;
  let at = 1;
  if (isWord(tokens[at], 'HARD') || isWord(tokens[at], 'SOFT')) at += 1;
  const queryOnly = isWord(tokens[at], 'QUERY');
  if (queryOnly || isWord(tokens[at], 'CONNECTION')) at += 1;
  if (queryOnly && isWord(tokens[at], 'ID') && tokens[at + 1] !== undefined) {
    return { queryOnly, target: { kind: 'query_id' } };
  }
  if (isWord(tokens[at], 'USER') && !isOperator(tokens[at + 1], '(')) {
    return userKill(sql, tokens, { at: at + 1, queryOnly, mode });
  }
  const first = tokens[at];
  const last = tokens.at(-1);
  if (!first || !last) return undefined;
  const expression = sql.slice(first.start, last.end);
  return { queryOnly, target: { kind: 'session', expression } };
}

/** name, 'name', name@host, 'name'@'host': the lexer takes `@host` for a user variable. */
function userKill(
  sql: string,
  tokens: readonly Token[],
  { at, queryOnly, mode }: { at: number; queryOnly: boolean; mode: LexMode },
): KillStatement | undefined {
  const user = literalValue(sql, tokens[at], mode)?.text;
  if (user === undefined) return undefined;
  const hostToken = tokens[at + 1];
  const host = hostToken && sql.slice(hostToken.start, tokens.at(-1)?.end).replace(/^\s*@\s*/, '');
  const plain = host?.replace(/^(['"`])(.*)\1$/, '$2');
  return { queryOnly, target: { kind: 'user', user, host: plain } };
}
