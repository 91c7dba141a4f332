import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { opensQuery, type Outline, outlineOf } from './outline.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';
import { lowerName } from './lower-name.ts';

/** Byte offsets, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An UPDATE or DELETE of one table, in its parts. */
export interface RowWriteShape {
  readonly table: Span;
  /** The assignments of an UPDATE. */
  readonly set: Span | undefined;
  /** Each with its keyword. */
  readonly where: Span | undefined;
  readonly orderBy: Span | undefined;
  readonly limit: Span | undefined;
  readonly returning: Span | undefined;
  /** Columns that the UPDATE assigns, lower case. */
  readonly assigned: readonly string[];
  /** RAND(…) calls. */
  readonly randCalls: readonly Span[];
  /** Parenthesised queries that are in no other. */
  readonly queries: readonly Span[];
  /** The word DEFAULT stands somewhere. */
  readonly hasDefault: boolean;
}

const modifiers = new Set(['LOW_PRIORITY', 'QUICK', 'IGNORE']);

/** Undefined for what touches several tables, or has a form that is not known here. */
export function rowWriteShape(sql: string, mode: LexMode): RowWriteShape | undefined {
  const tokens = new Lexer(sql, mode).run().filter((token) => token.text !== ';');
  const outline = outlineOf(tokens);
  const update = isWord(tokens[0], 'UPDATE');
  if (!update && !isWord(tokens[0], 'DELETE')) return undefined;
  let at = 1;
  while (modifiers.has(tokens[at]?.text ?? '')) at++;
  if (!update) {
    if (!isWord(tokens[at], 'FROM')) return undefined;
    at++;
  }
  const from = at;
  const tableEnd = endOfTable(tokens, outline, from);
  if (tableEnd === undefined) return undefined;
  const starts = new Map<string, number>();
  for (let index = tableEnd; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.kind !== 'word' || outline.depths[index] !== 0) continue;
    if (clauseWords.has(token.text) && !starts.has(token.text)) starts.set(token.text, index);
    if (/^(?:USING|JOIN|PORTION)$/.test(token.text)) return undefined;
  }
  if (update !== starts.has('SET')) return undefined;
  const partOf = (word: string): Span | undefined => {
    const start = starts.get(word);
    if (start === undefined) return undefined;
    const end = Math.min(tokens.length, ...[...starts.values()].filter((other) => other > start));
    return { start: tokens[start]?.start ?? 0, end: tokens[end - 1]?.end ?? sql.length };
  };
  const set = partOf('SET');
  return {
    table: { start: tokens[from]?.start ?? 0, end: tokens[tableEnd - 1]?.end ?? 0 },
    set,
    where: partOf('WHERE'),
    orderBy: partOf('ORDER'),
    limit: partOf('LIMIT'),
    returning: partOf('RETURNING'),
    assigned: assignedColumns(sql, tokens, outline, set),
    randCalls: callsOf(tokens, outline, 'RAND'),
    queries: outermostQueries(tokens, outline),
    hasDefault: tokens.some((token) => isWord(token, 'DEFAULT')),
  };
}

const clauseWords = new Set(['SET', 'WHERE', 'ORDER', 'LIMIT', 'RETURNING']);

/** `name[.name] [PARTITION (…)] [[AS] alias]`: the index behind it. */
function endOfTable(tokens: readonly Token[], outline: Outline, from: number): number | undefined {
  let at = from;
  if (!isName(tokens[at])) return undefined;
  at++;
  while (isOperator(tokens[at], '.')) at += 2;
  if (isWord(tokens[at], 'PARTITION')) at = (outline.closers.get(at + 1) ?? at) + 1;
  if (isWord(tokens[at], 'AS')) at += 2;
  else if (isName(tokens[at]) && !clauseWords.has(tokens[at]?.text ?? '')) at++;
  const next = tokens[at];
  if (next === undefined || clauseWords.has(next.text)) return at;
  return undefined;
}

function assignedColumns(
  sql: string,
  tokens: readonly Token[],
  outline: Outline,
  set: Span | undefined,
): string[] {
  const columns: string[] = [];
  if (!set) return columns;
  let expecting = false;
  for (const [index, token] of tokens.entries()) {
    if (token.start < set.start || token.end > set.end || outline.depths[index] !== 0) continue;
    if (token.start === set.start || isOperator(token, ',')) expecting = true;
    else if (expecting && isName(token) && !isOperator(tokens[index + 1], '.')) {
      columns.push(lowerName(nameOf(sql, token)));
      expecting = false;
    }
  }
  return columns;
}

export function callsOf(tokens: readonly Token[], outline: Outline, name: string): Span[] {
  const spans: Span[] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, name) || !isOperator(tokens[index + 1], '(')) continue;
    const close = tokens[outline.closers.get(index + 1) ?? index];
    spans.push({ start: token.start, end: close?.end ?? token.end });
  }
  return spans;
}

export function outermostQueries(tokens: readonly Token[], outline: Outline): Span[] {
  const spans: Span[] = [];
  for (const [open, close] of [...outline.closers].toSorted(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    const start = tokens[open]?.start ?? 0;
    if (last && start < last.end) continue;
    if (opensQuery(tokens, outline, open)) spans.push({ start, end: tokens[close]?.end ?? start });
  }
  return spans;
}
