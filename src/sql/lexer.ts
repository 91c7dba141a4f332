import {
  CharacterClass,
  characterClass,
  isDigitCode,
  isSpaceCode,
  isWordCode,
} from './character-class.ts';
import { type EscapeHidingCharset, hidesEscapes, type LexMode } from './lex-mode.ts';
import { characterBytes } from './multibyte.ts';
import type { Token, TokenKind } from './token.ts';
import { upperWord } from './upper-word.ts';
import { readVersionComment } from './version-comment.ts';

const quoteSingle = 39;
const quoteDouble = 34;
const backtick = 96;
const backslash = 92;
const slash = 47;
const star = 42;
const minus = 45;
const at = 64;
const dot = 46;
const dollar = 36;
const newline = 10;

/** How to read a comment that only some server versions execute. */
export type UncertainComments = 'code' | 'comment';

/**
 * Cuts a statement text (a binary string: one character is one byte) into tokens as the server
 * of `mode` would. Where it cannot, the rest of the text becomes one `unknown` token: it never throws.
 * Comments and optimizer hints yield no token; the content of an executed comment does.
 */
export class Lexer {
  /** A comment was met whose execution depends on a server version that we don't know. */
  uncertain = false;
  readonly #sql: string;
  readonly #mode: LexMode;
  readonly #uncertainComments: UncertainComments;
  readonly #hiding: EscapeHidingCharset | undefined;
  readonly #tokens: Token[] = [];
  #at = 0;
  #inExecutedComment = false;

  constructor(sql: string, mode: LexMode, uncertainComments: UncertainComments = 'code') {
    this.#sql = sql;
    this.#mode = mode;
    this.#uncertainComments = uncertainComments;
    const { charset } = mode;
    if (charset !== undefined && hidesEscapes(charset)) this.#hiding = charset;
  }

  run(): Token[] {
    const sql = this.#sql;
    const length = sql.length;
    while (this.#at < length) {
      const code = sql.charCodeAt(this.#at);
      switch (characterClass(code)) {
        case CharacterClass.space:
          this.#at += 1;
          break;
        case CharacterClass.word:
          this.#word(code);
          break;
        case CharacterClass.digit:
          this.#number();
          break;
        case CharacterClass.punctuation:
          this.#punctuation(code);
          break;
        default:
          this.#unknown();
      }
    }
    if (this.#inExecutedComment) this.#push('unknown', length, length, '');
    return this.#tokens;
  }

  #push(kind: TokenKind, start: number, end: number, text: string): void {
    this.#tokens.push({ kind, start, end, text });
    this.#at = end;
  }

  #pushName(kind: TokenKind, start: number, end: number, text: string): void {
    const { charset } = this.#mode;
    if (charset === undefined) return this.#push(kind, start, end, text);
    this.#tokens.push({ kind, start, end, text, charset });
    this.#at = end;
  }

  /** The rest of the text is beyond us. */
  #unknown(): void {
    this.#push('unknown', this.#at, this.#sql.length, '');
    this.#inExecutedComment = false;
  }

  #afterDot(start: number): boolean {
    const previous = this.#tokens[this.#tokens.length - 1];
    return previous !== undefined && previous.text === '.' && previous.end <= start;
  }

  #wordEnd(from: number): number {
    const sql = this.#sql;
    const charset = this.#hiding;
    let end = from;
    while (end < sql.length) {
      const code = sql.charCodeAt(end);
      if (!isWordCode(code)) break;
      end += charset !== undefined && code > 127 ? characterBytes(sql, end, charset) : 1;
    }
    return end;
  }

  #word(code: number): void {
    const sql = this.#sql;
    const start = this.#at;
    if (sql.charCodeAt(start + 1) === quoteSingle) {
      const letter = code | 32;
      // n'…' is a string of the national character set; x'…' and b'…' hold only digits.
      if (letter === 110) return this.#string(start + 1, start);
      if (letter === 120 || letter === 98) return this.#digitString(start, letter === 120);
    }
    if (code === dollar && this.#dollarQuoted(start)) return;
    const end = this.#wordEnd(start);
    if (this.#afterDot(start)) return this.#pushName('identifier', start, end, '');
    this.#pushName('word', start, end, upperWord(sql.slice(start, end)));
  }

  #digitString(start: number, hexadecimal: boolean): void {
    const pattern = hexadecimal ? /[0-9a-fA-F]*'/y : /[01]*'/y;
    pattern.lastIndex = start + 2;
    if (!pattern.test(this.#sql)) return this.#unknown();
    this.#push('string', start, pattern.lastIndex, '');
  }

  /**
   * MySQL 9 reads `$tag$ … $tag$` as a string, and allows it only as the body of a routine or
   * library (measured on 9.7.4); MySQL 8 and MariaDB read the `$` as part of a name.
   */
  #dollarQuoted(start: number): boolean {
    const mode = this.#mode;
    if (mode.flavor !== 'mysql' || (mode.serverVersion ?? 90_000) < 90_000) return false;
    const opening = /\$[A-Za-z0-9_\x80-\xff]*\$/y;
    opening.lastIndex = start;
    const tag = opening.exec(this.#sql)?.[0];
    if (tag === undefined) return false;
    const end = this.#sql.indexOf(tag, start + tag.length);
    if (end < 0) this.#unknown();
    else this.#push('string', start, end + tag.length, '$');
    return true;
  }

  /** Digits begin a number, or a name such as `1a`. */
  #number(): void {
    const sql = this.#sql;
    const start = this.#at;
    const end = this.#wordEnd(start);
    if (this.#afterDot(start)) return this.#pushName('identifier', start, end, '');
    const blob = sql.slice(start, end);
    if (/^(?:0x[0-9a-fA-F]+|0b[01]+)$/.test(blob)) return this.#push('number', start, end, '');
    const literal = /[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?/y;
    literal.lastIndex = start;
    literal.test(sql);
    const literalEnd = literal.lastIndex;
    if (literalEnd >= end) return this.#push('number', start, literalEnd, '');
    this.#pushName('word', start, end, upperWord(blob));
  }

  #punctuation(code: number): void {
    const sql = this.#sql;
    const start = this.#at;
    const next = sql.charCodeAt(start + 1);
    switch (code) {
      case quoteSingle:
        return this.#string(start, start);
      case quoteDouble:
        if (this.#mode.ansiQuotes) return this.#quoted(start);
        return this.#string(start, start);
      case backtick:
        return this.#quoted(start);
      case 35: // #
        return this.#lineComment();
      case 63: // ?
        return this.#push('parameter', start, start + 1, '');
      case at:
        return this.#variable(start);
      case minus:
        if (next === minus && this.#dashComment(start)) return;
        break;
      case slash:
        if (next === star) return this.#comment(start);
        break;
      case star:
        if (next === slash && this.#inExecutedComment) {
          this.#inExecutedComment = false;
          this.#at = start + 2;
          return;
        }
        break;
      case 58: // :
        if (next === 61) return this.#push('operator', start, start + 2, ':=');
        break;
      case dot:
        if (isDigitCode(next) && this.#startsFraction(start)) return this.#fraction(start);
        break;
    }
    this.#push('operator', start, start + 1, sql[start] as string);
  }

  /** `.5` is a number unless it follows a name, as in `t.5a`. */
  #startsFraction(start: number): boolean {
    const previous = this.#tokens[this.#tokens.length - 1];
    if (previous === undefined || previous.end !== start) return true;
    return previous.kind === 'operator';
  }

  #fraction(start: number): void {
    const literal = /\.[0-9]+(?:[eE][-+]?[0-9]+)?/y;
    literal.lastIndex = start;
    literal.test(this.#sql);
    this.#push('number', start, literal.lastIndex, '');
  }

  #lineComment(): void {
    const end = this.#sql.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#sql.length : end + 1;
  }

  /** `--` opens a comment only before a space or a control character (or at the end). */
  #dashComment(start: number): boolean {
    const after = this.#sql.charCodeAt(start + 2);
    if (Number.isNaN(after) || after <= 32 || after === 127 || after === newline) {
      this.#lineComment();
      return true;
    }
    if (after < 128) return false;
    // In some character sets such a byte is a space or control character, in others a letter.
    this.#unknown();
    return true;
  }

  #comment(start: number): void {
    const sql = this.#sql;
    const version = readVersionComment(sql, start, this.#mode);
    if (version === undefined) {
      const end = sql[start + 2] === '+' ? this.#hintEnd(start) : sql.indexOf('*/', start + 2);
      if (end < 0) return this.#unknown();
      this.#at = end + 2;
      return;
    }
    if (version.content === 'uncertain') this.uncertain = true;
    const content = version.content === 'uncertain' ? this.#uncertainComments : version.content;
    if (content === 'code') {
      // One flag, no depth, as in the servers: the first `*/` ends all that are open.
      this.#inExecutedComment = true;
      this.#at = version.contentStart;
      return;
    }
    const end = skippedCommentEnd(sql, version.contentStart);
    if (end < 0) return this.#unknown();
    this.#at = end;
  }

  /** An optimizer hint may quote names; where a quote would change its end, we don't know. */
  #hintEnd(start: number): number {
    const end = this.#sql.indexOf('*/', start + 3);
    if (end < 0) return -1;
    const content = this.#sql.slice(start + 3, end);
    for (const quote of ['`', '"', "'"]) {
      if (content.split(quote).length % 2 === 0) return -1;
    }
    return end;
  }

  /** `start` is where the token begins: before a prefix such as `n`. */
  #string(open: number, start: number): void {
    const end = this.#stringEnd(open);
    if (end < 0) return this.#unknown();
    this.#push('string', start, end, '');
  }

  #stringEnd(open: number): number {
    const sql = this.#sql;
    const quote = sql.charCodeAt(open);
    const charset = this.#hiding;
    const escapes = !this.#mode.noBackslashEscapes;
    for (let cursor = open + 1; cursor < sql.length; ) {
      const code = sql.charCodeAt(cursor);
      if (code === quote) {
        if (sql.charCodeAt(cursor + 1) !== quote) return cursor + 1;
        cursor += 2;
      } else if (code === backslash && escapes) {
        cursor += 2;
      } else if (charset !== undefined && code > 127) {
        cursor += characterBytes(sql, cursor, charset);
      } else {
        cursor += 1;
      }
    }
    return -1;
  }

  /** A name in backticks or ANSI quotes: no escapes but the doubled quote. */
  #quoted(open: number): void {
    const end = this.#quotedEnd(open);
    if (end < 0) return this.#unknown();
    this.#pushName('identifier', open, end, '');
  }

  #quotedEnd(open: number): number {
    const sql = this.#sql;
    const quote = sql.charCodeAt(open);
    const charset = this.#hiding;
    for (let cursor = open + 1; cursor < sql.length; ) {
      const code = sql.charCodeAt(cursor);
      if (code === quote) {
        if (sql.charCodeAt(cursor + 1) !== quote) return cursor + 1;
        cursor += 2;
      } else if (charset !== undefined && code > 127) {
        cursor += characterBytes(sql, cursor, charset);
      } else {
        cursor += 1;
      }
    }
    return -1;
  }

  /** `@x`, `@'x'`, `@@x`, `@@session.x`; for MySQL `@` alone is a variable with an empty name (measured). */
  #variable(start: number): void {
    const sql = this.#sql;
    if (sql.charCodeAt(start + 1) === at) return this.#systemVariable(start);
    let quote = start + 1;
    while (isSpaceCode(sql.charCodeAt(quote))) quote += 1;
    const code = sql.charCodeAt(quote);
    if (code === backtick || code === quoteSingle || code === quoteDouble) {
      const name = code === backtick || (code === quoteDouble && this.#mode.ansiQuotes);
      const quotedEnd = name ? this.#quotedEnd(quote) : this.#stringEnd(quote);
      if (quotedEnd < 0) return this.#unknown();
      return this.#pushName('user_variable', start, quotedEnd, '');
    }
    let end = this.#wordEnd(start + 1);
    while (sql.charCodeAt(end) === dot) end = this.#wordEnd(end + 1);
    this.#pushName('user_variable', start, end, '');
  }

  #systemVariable(start: number): void {
    const sql = this.#sql;
    let end = start + 2;
    for (;;) {
      if (sql.charCodeAt(end) === backtick) {
        const quotedEnd = this.#quotedEnd(end);
        if (quotedEnd < 0) return this.#unknown();
        end = quotedEnd;
      } else {
        end = this.#wordEnd(end);
      }
      if (sql.charCodeAt(end) !== dot) break;
      end += 1;
    }
    this.#push('system_variable', start, end, '');
  }
}

/** The offset behind a comment that is not executed: it may hold one level of comments, as the servers say. */
function skippedCommentEnd(sql: string, from: number): number {
  let cursor = from;
  for (;;) {
    const end = sql.indexOf('*/', cursor);
    if (end < 0) return -1;
    const inner = sql.indexOf('/*', cursor);
    if (inner < 0 || inner > end) return end + 2;
    const innerEnd = sql.indexOf('*/', inner + 2);
    if (innerEnd < 0) return -1;
    cursor = innerEnd + 2;
  }
}
