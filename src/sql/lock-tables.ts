import { Lexer } from './lexer.ts';
import type { LexMode } from './lex-mode.ts';
import type { TableName } from './statement.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';

/** One table of LOCK TABLES. */
export interface TableLock {
  readonly table: TableName;
  /** The name that statements are to use: the table's where it has no other. */
  readonly alias: string;
  readonly write: boolean;
  /** Its name and alias as written. */
  readonly text: string;
}

const lockWords = new Set('READ LOCAL LOW_PRIORITY WRITE CONCURRENT'.split(' '));

/**
 * LOCK TABLE[S] name [[AS] alias] {READ [LOCAL] | [LOW_PRIORITY] WRITE [CONCURRENT]}, …; undefined
 * for any other form. Sources: MySQL manual "LOCK TABLES"; https://mariadb.com/kb/en/lock-tables/
 */
export function parseLockTables(sql: string, mode: LexMode): readonly TableLock[] | undefined {
  const tokens = new Lexer(sql, mode).run().filter((token) => token.text !== ';');
  if (!isWord(tokens[1], 'TABLES') && !isWord(tokens[1], 'TABLE')) return undefined;
  const locks: TableLock[] = [];
  for (let at = 2; at < tokens.length; ) {
    let end = at;
    while (end < tokens.length && !isOperator(tokens[end], ',')) end += 1;
    const lock = lockOf(sql, tokens.slice(at, end));
    if (!lock) return undefined;
    locks.push(lock);
    at = end + 1;
  }
  return locks.length > 0 && !isOperator(tokens.at(-1), ',') ? locks : undefined;
}

function lockOf(sql: string, tokens: readonly Token[]): TableLock | undefined {
  const wordAt = (at: number): string => (tokens[at]?.kind === 'word' ? tokens[at].text : '');
  let wordsFrom = tokens.length;
  while (wordsFrom > 0 && lockWords.has(wordAt(wordsFrom - 1))) wordsFrom -= 1;
  const words = tokens.slice(wordsFrom).map(({ text }) => text);
  const [first, dot, second] = tokens;
  const last = tokens[wordsFrom - 1];
  if (words.length === 0 || !isName(first) || !last) return undefined;
  const qualified = isOperator(dot, '.') && wordsFrom > 2 && second;
  const table = qualified
    ? { schema: nameOf(sql, first), name: nameOf(sql, second) }
    : { name: nameOf(sql, first) };
  const named = wordsFrom > (qualified ? 3 : 1) && isName(last);
  const alias = named ? nameOf(sql, last) : table.name;
  return { table, alias, write: words.includes('WRITE'), text: sql.slice(first.start, last.end) };
}
