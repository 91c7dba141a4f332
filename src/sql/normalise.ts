import { builtinFunctions } from './function-names.ts';
import { reservedWords } from './keywords.ts';
import { nameOf, type Token } from './token.ts';

/** As much of it is kept as performance_schema keeps (`max_digest_length`). */
export const normalisedMax = 1024;

const functionNames: ReadonlySet<string> = new Set(builtinFunctions);
const value = '?';
/** Two values or more. */
const values = '?, ...';
const list = '(...)';
const rest = '...';

/**
 * A statement without what differs from one execution to the next: literals and parameters are
 * `?`, lists of them and repeated rows are one, comments are gone, white space, the case of
 * keywords and needless quotes are always the same. It is what digests are counted by.
 *
 *   insert into `t` (a, b) values (1, 'x'), (2, 'y') -- two
 *   INSERT INTO t (a, b) VALUES (...), ...
 */
export function normalise(sql: string, tokens: readonly Token[]): string {
  const pieces = new Pieces();
  for (const [index, token] of tokens.entries()) {
    switch (token.kind) {
      case 'string':
      case 'number':
      case 'parameter':
        pieces.value();
        break;
      case 'word':
        if (isValueWord(token.text) && pieces.expectsValue) pieces.value();
        else pieces.add(wordOf(sql, token, tokens[index + 1]?.text === '('));
        break;
      case 'identifier':
        pieces.add(identifierOf(sql, token));
        break;
      case 'unknown':
        pieces.add(rest);
        break;
      default:
        pieces.add(sql.slice(token.start, token.end));
    }
    if (pieces.full) break;
  }
  return pieces.text();
}

const isValueWord = (word: string): boolean =>
  word === 'NULL' || word === 'TRUE' || word === 'FALSE';

/** Keywords and functions know no case; another bare name may. */
function wordOf(sql: string, token: Token, called: boolean): string {
  const { text } = token;
  if (reservedWords.has(text) || (called && functionNames.has(text))) return text;
  return nameOf(sql, token);
}

function identifierOf(sql: string, token: Token): string {
  const name = nameOf(sql, token);
  const plain = /^[A-Za-z_\x80-\xff][\w\x80-\xff]*$/.test(name);
  if (plain && !reservedWords.has(name.toUpperCase())) return name;
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Words behind which a list of one value is a list too. */
const listWords: ReadonlySet<string> = new Set(['IN', 'VALUES', 'VALUE', 'ROW']);
const expecting: ReadonlySet<string> = new Set(['(', ',', '=', '<', '>', '+', '-', '*', '/']);
const signs: ReadonlySet<string> = new Set(['-', '+']);

class Pieces {
  readonly #pieces: string[] = [];
  /** Where each open parenthesis stands. */
  readonly #open: number[] = [];

  /** More would not be kept. */
  get full(): boolean {
    return this.#pieces.length > normalisedMax;
  }

  /** What comes next is an operand; else NULL is part of a definition, or of IS NULL. */
  get expectsValue(): boolean {
    return expecting.has(this.#last());
  }

  add(piece: string): void {
    this.#pieces.push(piece);
    if (piece === '(') this.#open.push(this.#pieces.length - 1);
    if (piece === ')') this.#close();
  }

  value(): void {
    if (signs.has(this.#last()) && !isOperand(this.#last(1))) this.#pieces.pop();
    const last = this.#last();
    // Strings that stand side by side are one.
    if (last === value || last === values) return;
    const before = this.#last(1);
    if (last === ',' && (before === value || before === values)) {
      this.#pieces.splice(-2, 2, values);
      return;
    }
    this.add(value);
  }

  #last(back = 0): string {
    return this.#pieces[this.#pieces.length - 1 - back] ?? '';
  }

  #close(): void {
    const from = this.#open.pop();
    if (from === undefined) return;
    const held = this.#pieces.length - from - 2;
    const only = held === 1 ? this.#pieces[from + 1] : undefined;
    const word = this.#pieces[from - 1] ?? '';
    const inList = listWords.has(word) || (word === ',' && this.#pieces[from - 2] === list);
    if (only === values || (only === value && inList)) this.#pieces.splice(from, 3, list);
    this.#joinRows(from);
  }

  /** `(…), (…)` with the same between the parentheses. */
  #joinRows(from: number): void {
    const pieces = this.#pieces;
    if (pieces[from - 1] !== ',') return;
    const row = pieces.slice(from).join(' ');
    const repeats = pieces[from - 2] === rest && pieces[from - 3] === ',';
    const behind = repeats ? from - 3 : from - 1;
    const start = behind - (pieces.length - from);
    if (start < 0 || pieces.slice(start, behind).join(' ') !== row) return;
    pieces.length = behind;
    pieces.push(',', rest);
  }

  text(): string {
    const pieces = this.#pieces;
    let text = '';
    for (const [index, piece] of pieces.entries()) {
      if (index > 0 && spaced(pieces[index - 1] as string, piece)) text += ' ';
      text += piece;
    }
    return text.length <= normalisedMax ? text : `${text.slice(0, normalisedMax - 3)}${rest}`;
  }
}

const isOperand = (piece: string): boolean =>
  piece === list || (/^[\w`)?.@\x80-\xff]/.test(piece) && !reservedWords.has(piece));

function spaced(left: string, right: string): boolean {
  if (left === '(' || left === '.' || /^[.,)]$/.test(right)) return false;
  // A function and its parenthesis; a table's name and its columns stay apart.
  if (right === '(' || right === list) return !functionNames.has(left) || reservedWords.has(left);
  // The lexer cuts `<=`, `||` and `->` into characters.
  return !(isSign(left) && isSign(right)) && !(left === '-' && right === '>');
}

const isSign = (piece: string): boolean => /^[<>=!|&:]$/.test(piece);
