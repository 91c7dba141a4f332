import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { beginsQuery, type Outline, outlineOf } from './outline.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';
import { outermostQueries, type Span } from './write-shape.ts';
import { lowerName } from './lower-name.ts';

export interface InsertRow {
  /** Offsets of its parentheses. */
  readonly open: number;
  readonly close: number;
  readonly values: readonly InsertValue[];
}

export interface InsertValue extends Span {
  readonly isDefault: boolean;
}

/** An INSERT or REPLACE in its parts; offsets are byte offsets into the text. */
export interface InsertShape {
  /** Behind the table's name (and partitions): where a list of columns may be put. */
  readonly tableEnd: number;
  readonly columns: readonly string[] | undefined;
  /** Offset of the parenthesis that closes the list of columns. */
  readonly columnsClose: number | undefined;
  /** Rows of VALUES. */
  readonly rows: readonly InsertRow[];
  /** Where the assignments of INSERT … SET end. */
  readonly setEnd: number | undefined;
  /** Each value of INSERT … SET, in the order of `columns`. */
  readonly setValues: readonly InsertValue[];
  readonly query: Span | undefined;
  /** The query takes a locking clause at its end. */
  readonly queryLockable: boolean;
  /** ON DUPLICATE KEY UPDATE and RETURNING; '' if neither. */
  readonly tail: string;
  /** Tables that the tail names before a dot, lower case. */
  readonly tailQualifiers: readonly string[];
  readonly tailHasDefault: boolean;
  /** Columns that ON DUPLICATE KEY UPDATE assigns, lower case. */
  readonly tailAssigned: readonly string[];
  /** Behind ON DUPLICATE KEY UPDATE: where its assignments begin. */
  readonly updateAt: number | undefined;
  /** Parenthesised queries that are in no other. */
  readonly queries: readonly Span[];
}

const modifiers = new Set('LOW_PRIORITY HIGH_PRIORITY DELAYED IGNORE INTO'.split(' '));

/** Undefined for a form that is not known here. */
export function insertShape(sql: string, mode: LexMode): InsertShape | undefined {
  const tokens = new Lexer(sql, mode).run().filter((token) => token.text !== ';');
  const outline = outlineOf(tokens);
  if (!isWord(tokens[0], 'INSERT') && !isWord(tokens[0], 'REPLACE')) return undefined;
  let at = 1;
  while (modifiers.has(tokens[at]?.text ?? '')) at++;
  if (!isName(tokens[at])) return undefined;
  at++;
  while (isOperator(tokens[at], '.')) at += 2;
  if (isWord(tokens[at], 'PARTITION')) at = (outline.closers.get(at + 1) ?? at) + 1;
  const tableEnd = tokens[at - 1]?.end ?? 0;
  let columns: string[] | undefined;
  let columnsClose: number | undefined;
  if (isOperator(tokens[at], '(') && !beginsQuery(tokens[at + 1]) && !deepQuery(tokens, at)) {
    const close = outline.closers.get(at) ?? at;
    columns = namesBetween(sql, tokens.slice(at + 1, close));
    columnsClose = tokens[close]?.start;
    at = close + 1;
  }
  const tailAt = tailStart(tokens, outline, at);
  const tailTokens = tokens.slice(tailAt);
  const end = tokens[tailAt - 1]?.end ?? sql.length;
  const common = {
    tableEnd,
    columns,
    columnsClose,
    rows: [],
    setEnd: undefined,
    setValues: [],
    query: undefined,
    queryLockable: false,
    tail: tailTokens.length === 0 ? '' : sql.slice(tailTokens[0]?.start),
    tailQualifiers: qualifiers(sql, tailTokens),
    tailHasDefault: tailTokens.some((token) => isWord(token, 'DEFAULT')),
    ...assignmentsIn(sql, tokens, outline, tailAt),
    queries: outermostQueries(tokens, outline),
  };
  const head = tokens[at];
  if ((isWord(head, 'VALUES') || isWord(head, 'VALUE')) && isOperator(tokens[at + 1], '(')) {
    const rows = rowsOf(tokens, outline, at + 1, tailAt);
    return rows && { ...common, rows };
  }
  if (isWord(head, 'SET')) {
    const assignments = splitList(tokens, outline, at + 1, tailAt, 0);
    const values = assignments.map((part) => ({
      ...valueOf(tokens, part.from + lengthOfTarget(tokens, part.from) + 1, part.to),
    }));
    return {
      ...common,
      columns: assignments.map(({ from }) => {
        const name = tokens[from + lengthOfTarget(tokens, from) - 1];
        return name ? nameOf(sql, name) : '';
      }),
      setEnd: end,
      setValues: values,
    };
  }
  const start = head?.start ?? end;
  return { ...common, query: { start, end }, queryLockable: lockable(tokens, outline, at, tailAt) };
}

function deepQuery(tokens: readonly Token[], at: number): boolean {
  let cursor = at;
  while (isOperator(tokens[cursor], '(')) cursor++;
  return beginsQuery(tokens[cursor]);
}

function namesBetween(sql: string, tokens: readonly Token[]): string[] {
  return tokens
    .filter((token, index) => isName(token) && !isOperator(tokens[index + 1], '.'))
    .map((token) => nameOf(sql, token));
}

function tailStart(tokens: readonly Token[], outline: Outline, from: number): number {
  for (let at = from; at < tokens.length; at++) {
    if (outline.depths[at] !== 0) continue;
    if (isWord(tokens[at], 'ON') && isWord(tokens[at + 1], 'DUPLICATE')) return at;
    if (isWord(tokens[at], 'RETURNING')) return at;
    // MySQL: VALUES (…) AS new
    if (isWord(tokens[at], 'AS') && isOperator(tokens[at - 1], ')')) {
      if (isWord(tokens[from], 'VALUES') || isWord(tokens[from], 'VALUE')) return at;
    }
  }
  return tokens.length;
}

function qualifiers(sql: string, tokens: readonly Token[]): string[] {
  return tokens
    .filter((token, index) => isName(token) && isOperator(tokens[index + 1], '.'))
    .map((token) => lowerName(nameOf(sql, token)));
}

/** `ON DUPLICATE KEY UPDATE a = …, t.b = …` */
function assignmentsIn(
  sql: string,
  tokens: readonly Token[],
  outline: Outline,
  from: number,
): Pick<InsertShape, 'tailAssigned' | 'updateAt'> {
  const start = tokens.findIndex((token, at) => at >= from && isWord(token, 'UPDATE'));
  if (start < 0) return { tailAssigned: [], updateAt: undefined };
  const parts = splitList(tokens, outline, start + 1, tokens.length, 0);
  return {
    tailAssigned: parts.flatMap((part) => {
      const name = tokens[part.from + lengthOfTarget(tokens, part.from) - 1];
      return name ? lowerName(nameOf(sql, name)) : [];
    }),
    updateAt: tokens[start]?.end,
  };
}

interface Part {
  /** Token indexes, `to` exclusive. */
  readonly from: number;
  readonly to: number;
}

function splitList(
  tokens: readonly Token[],
  outline: Outline,
  from: number,
  to: number,
  depth: number,
): Part[] {
  const parts: Part[] = [];
  let start = from;
  for (let at = from; at <= to; at++) {
    if (at < to && !(isOperator(tokens[at], ',') && outline.depths[at] === depth)) continue;
    if (at > start) parts.push({ from: start, to: at });
    start = at + 1;
  }
  return parts;
}

function valueOf(tokens: readonly Token[], from: number, to: number): InsertValue {
  const isDefault = to === from + 1 && isWord(tokens[from], 'DEFAULT');
  return { start: tokens[from]?.start ?? 0, end: tokens[to - 1]?.end ?? 0, isDefault };
}

function lengthOfTarget(tokens: readonly Token[], from: number): number {
  let length = 1;
  while (isOperator(tokens[from + length], '.')) length += 2;
  return length;
}

function rowsOf(
  tokens: readonly Token[],
  outline: Outline,
  from: number,
  to: number,
): InsertRow[] | undefined {
  const rows: InsertRow[] = [];
  for (let at = from; at < to; ) {
    const close = outline.closers.get(at);
    if (close === undefined || !isOperator(tokens[at], '(')) return undefined;
    const values = splitList(tokens, outline, at + 1, close, 1).map((part) =>
      valueOf(tokens, part.from, part.to),
    );
    rows.push({ open: tokens[at]?.start ?? 0, close: tokens[close]?.start ?? 0, values });
    at = close + 1;
    if (at < to && !isOperator(tokens[at], ',')) return undefined;
    at++;
  }
  return rows;
}

/** A SELECT of its own that has no locking clause, no UNION and goes nowhere else. */
function lockable(tokens: readonly Token[], outline: Outline, from: number, to: number): boolean {
  if (!isWord(tokens[from], 'SELECT')) return false;
  const own = tokens.slice(from, to).filter((_, index) => outline.depths[from + index] === 0);
  if (!own.some((token) => isWord(token, 'FROM'))) return false;
  return !own.some(
    (token) =>
      token.kind === 'word' &&
      /^(?:UNION|EXCEPT|INTERSECT|LOCK|FOR|INTO|PROCEDURE|JSON_TABLE)$/.test(token.text),
  );
}
