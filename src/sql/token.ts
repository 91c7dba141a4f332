import { lowerName } from './lower-name.ts';

/**
 * `word`: a bare word, keyword or not. `identifier`: certainly a name (quoted, or after a dot).
 * `unknown`: what the server would refuse, or what we cannot tell how it would read it.
 */
export type TokenKind =
  | 'word'
  | 'identifier'
  | 'string'
  | 'number'
  | 'operator'
  | 'parameter'
  | 'user_variable'
  | 'system_variable'
  | 'unknown';

export interface Token {
  readonly kind: TokenKind;
  /** Byte offsets into the statement text, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  /** Words in ASCII upper case, operators as they stand, otherwise empty. */
  readonly text: string;
}

export function isWord(token: Token | undefined, text: string): boolean {
  return token !== undefined && token.kind === 'word' && token.text === text;
}

export function isOperator(token: Token | undefined, text: string): boolean {
  return token !== undefined && token.kind === 'operator' && token.text === text;
}

export function isName(token: Token | undefined): token is Token {
  return token !== undefined && (token.kind === 'word' || token.kind === 'identifier');
}

/** The name that a word or identifier token stands for, without its quotes. */
export function nameOf(sql: string, token: Token): string {
  const first = sql[token.start];
  if (first === '`' || first === '"') return unquote(sql, token.start, token.end);
  return sql.slice(token.start, token.end);
}

/** A user variable's name in lower case: the servers compare these without case. */
export function userVariableName(sql: string, token: Token): string {
  let at = token.start + 1;
  while (at < token.end && sql.charCodeAt(at) <= 32) at += 1;
  const first = sql[at];
  const quoted = first === '`' || first === '"' || first === "'";
  return lowerName(quoted ? unquote(sql, at, token.end) : sql.slice(at, token.end));
}

/** `sql_mode` for `@@sql_mode` and `@@session.sql_mode`; other scopes stay: `global.sql_mode`. */
export function systemVariableName(sql: string, token: Token): string {
  const name = sql
    .slice(token.start + 2, token.end)
    .replaceAll('`', '')
    .toLowerCase();
  return name.replace(/^(?:session|local)\./, '');
}

function unquote(sql: string, start: number, end: number): string {
  const quote = sql[start] ?? '';
  return sql.slice(start + 1, end - 1).replaceAll(quote + quote, quote);
}
