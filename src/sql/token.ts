import { lowerName } from './lower-name.ts';
import { fromCharset } from './name-charset.ts';

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
  /** Of names: the character set that they are to be read from, if it is not UTF-8. */
  readonly charset?: string;
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

/** The name that a word or identifier token stands for, in UTF-8 and without its quotes. */
export function nameOf(sql: string, token: Token): string {
  const name = fromCharset(sql.slice(token.start, token.end), token.charset);
  return name[0] === '`' || name[0] === '"' ? unquote(name) : name;
}

/** A user variable's name in lower case: the servers compare these without case. */
export function userVariableName(sql: string, token: Token): string {
  let at = token.start + 1;
  while (at < token.end && sql.charCodeAt(at) <= 32) at += 1;
  const name = fromCharset(sql.slice(at, token.end), token.charset);
  const quoted = name[0] === '`' || name[0] === '"' || name[0] === "'";
  return lowerName(quoted ? unquote(name) : name);
}

/** `sql_mode` for `@@sql_mode` and `@@session.sql_mode`; other scopes stay: `global.sql_mode`. */
export function systemVariableName(sql: string, token: Token): string {
  const name = sql
    .slice(token.start + 2, token.end)
    .replaceAll('`', '')
    .toLowerCase();
  return name.replace(/^(?:session|local)\./, '');
}

function unquote(name: string): string {
  const quote = name[0] ?? '';
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}
