import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { isName, isOperator, isWord, nameOf, type Token, userVariableName } from './token.ts';
import { lowerName } from './lower-name.ts';

/** What EXECUTE binds to one `?`. */
export interface UsingArgument {
  /** As written: `@a`, or with MariaDB any expression. */
  readonly text: string;
  /** The user variable that it is; undefined for any other expression. */
  readonly variable: string | undefined;
}

/**
 * The statements that prepare by text. Names are in lower case, as the servers compare them.
 * Sources: MySQL manual "Prepared Statements"; https://mariadb.com/kb/en/execute-statement/
 */
export type PreparedText =
  /** `from`: an expression whose value is the text. */
  | { readonly kind: 'prepare'; readonly name: string; readonly from: string }
  | { readonly kind: 'execute'; readonly name: string; readonly using: readonly UsingArgument[] }
  /** MariaDB: EXECUTE IMMEDIATE. */
  | { readonly kind: 'immediate'; readonly from: string; readonly using: readonly UsingArgument[] }
  | { readonly kind: 'deallocate'; readonly name: string };

/** Undefined for what no server takes. */
export function parsePreparedText(sql: string, mode: LexMode): PreparedText | undefined {
  const tokens = new Lexer(sql, mode).run();
  const [first, second, third] = tokens;
  if (isWord(first, 'PREPARE') && isName(second) && isWord(third, 'FROM')) {
    const from = textOf(sql, tokens.slice(3));
    return from === '' ? undefined : { kind: 'prepare', name: lower(sql, second), from };
  }
  if (isWord(first, 'EXECUTE')) return parseExecute(sql, tokens);
  if (isWord(second, 'PREPARE') && isName(third) && tokens.length === 3) {
    return { kind: 'deallocate', name: lower(sql, third) };
  }
  return undefined;
}

function parseExecute(sql: string, tokens: readonly Token[]): PreparedText | undefined {
  const { depths } = outlineOf(tokens);
  const usingAt = tokens.findIndex(
    (token, index) => index > 1 && depths[index] === 0 && isWord(token, 'USING'),
  );
  const headEnd = usingAt < 0 ? tokens.length : usingAt;
  const using = usingAt < 0 ? [] : usingArguments(sql, tokens, usingAt + 1);
  if (using.some(({ text }) => text === '')) return undefined;
  const name = tokens[1];
  if (isWord(name, 'IMMEDIATE') && headEnd > 2) {
    return { kind: 'immediate', from: textOf(sql, tokens.slice(2, headEnd)), using };
  }
  if (!isName(name) || headEnd !== 2) return undefined;
  return { kind: 'execute', name: lower(sql, name), using };
}

function usingArguments(sql: string, tokens: readonly Token[], from: number): UsingArgument[] {
  const { depths } = outlineOf(tokens);
  const found: UsingArgument[] = [];
  let start = from;
  for (let at = from; at <= tokens.length; at += 1) {
    const ends = at === tokens.length || (depths[at] === 0 && isOperator(tokens[at], ','));
    if (!ends) continue;
    const own = tokens.slice(start, at);
    const [only] = own;
    const variable = own.length === 1 && only?.kind === 'user_variable' ? only : undefined;
    found.push({
      text: textOf(sql, own),
      variable: variable && userVariableName(sql, variable),
    });
    start = at + 1;
  }
  return found;
}

const lower = (sql: string, token: Token): string => lowerName(nameOf(sql, token));

const textOf = (sql: string, tokens: readonly Token[]): string =>
  sql.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0);
