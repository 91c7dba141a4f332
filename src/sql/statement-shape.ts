/** What a character is where a token may begin. */
const other = 0;
const word = 1;
const digit = 2;
const quote = 3;
const backtick = 4;
/** It may begin a comment, a variable, a parameter or what depends on the sql_mode. */
const strange = 5;

const classes = new Uint8Array(256).fill(strange);
for (const character of ' \t\r\n(),.=<>+*!%&|^~') classes[character.charCodeAt(0)] = other;
for (const character of '0123456789') classes[character.charCodeAt(0)] = digit;
for (const character of 'abcdefghijklmnopqrstuvwxyz_$') {
  classes[character.charCodeAt(0)] = word;
  classes[character.toUpperCase().charCodeAt(0)] = word;
}
classes["'".charCodeAt(0)] = quote;
classes['`'.charCodeAt(0)] = backtick;

const blank = 0x20;
const minus = 0x2d;
const slash = 0x2f;
const star = 0x2a;
const dot = 0x2e;
const apostrophe = 0x27;
const backslash = 0x5c;
const asciiEnd = 0x80;

/** Stand for literals: no character of their kind is let through. */
const numberMark = '\u0000n';
const stringMark = '\u0000s';

/**
 * The text with a mark for every number and string in it, so that two texts of the same shape
 * differ in literals only. Undefined for any text that takes a closer look: with comments,
 * variables, parameters, backslashes, letters beyond ASCII, double quotes, hexadecimal numbers and
 * the like.
 */
export function shapeOf(sql: string): string | undefined {
  let shape = '';
  let copied = 0;
  let at = 0;
  /** What a name begins behind: not a number, even with blanks between. */
  let afterDot = false;
  const end = sql.length;
  while (at < end) {
    const code = sql.charCodeAt(at);
    const kind = code < asciiEnd ? (classes[code] as number) : strange;
    if (kind === other) {
      if (code > blank) afterDot = code === dot;
      at += 1;
      continue;
    }
    if (afterDot && (kind === digit || kind === quote)) return undefined;
    afterDot = false;
    if (kind === word) {
      at = wordEnd(sql, at);
      // An introducer: what the string means depends on it.
      if (codeAt(sql, at) === apostrophe) return undefined;
    } else if (kind === digit) {
      const next = numberEnd(sql, at);
      if (next < 0) return undefined;
      shape += sql.slice(copied, at) + numberMark;
      at = next;
      copied = at;
    } else if (kind === quote) {
      const next = stringEnd(sql, at);
      if (next < 0) return undefined;
      shape += sql.slice(copied, at) + stringMark;
      at = next;
      copied = at;
    } else if (kind === backtick) {
      at = identifierEnd(sql, at);
      if (at < 0) return undefined;
    } else if (code === minus || code === slash) {
      const next = codeAt(sql, at + 1);
      if (next === minus || next === star) return undefined;
      at += 1;
    } else return undefined;
  }
  return shape + sql.slice(copied);
}

const isWordPart = (code: number): boolean =>
  code >= asciiEnd || classes[code] === word || classes[code] === digit;

/** Behind the end as if a blank were there: a table read at NaN is slow for good. */
const codeAt = (sql: string, at: number): number => (at < sql.length ? sql.charCodeAt(at) : blank);

function wordEnd(sql: string, from: number): number {
  let at = from;
  while (at < sql.length && isWordPart(sql.charCodeAt(at))) {
    if (sql.charCodeAt(at) >= asciiEnd) return at;
    at += 1;
  }
  return at;
}

/** Behind digits with at most one point in them; -1 when something clings to them. */
function numberEnd(sql: string, from: number): number {
  let at = digitsEnd(sql, from);
  if (codeAt(sql, at) === dot) {
    const fraction = digitsEnd(sql, at + 1);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  const next = codeAt(sql, at);
  const clings =
    isWordPart(next) || next === dot || next === apostrophe || classes[next] === backtick;
  return clings ? -1 : at;
}

function digitsEnd(sql: string, from: number): number {
  let at = from;
  while (classes[codeAt(sql, at)] === digit) at += 1;
  return at;
}

/** Behind the apostrophe that closes; -1 when there is none, or something needs a closer look. */
function stringEnd(sql: string, from: number): number {
  for (let at = from + 1; at < sql.length; at += 1) {
    const code = sql.charCodeAt(at);
    if (code >= asciiEnd || code === backslash) return -1;
    if (code !== apostrophe) continue;
    const next = codeAt(sql, at + 1);
    if (next !== apostrophe) {
      return isWordPart(next) ? -1 : at + 1;
    }
    at += 1;
  }
  return -1;
}

function identifierEnd(sql: string, from: number): number {
  for (let at = from + 1; at < sql.length; at += 1) {
    const code = sql.charCodeAt(at);
    if (code >= asciiEnd || code === 0) return -1;
    if (classes[code] === backtick) return at + 1;
  }
  return -1;
}
