import { Lexer } from './lexer.ts';
import type { LexMode } from './lex-mode.ts';
import { outlineOf } from './outline.ts';
import { quoteIdentifier } from './quote.ts';
import { replaceSpans, type SpanReplacement } from './replace-spans.ts';
import { isOperator, isWord, systemVariableName, type Token } from './token.ts';

/** What a statement can ask of the one before it. */
export interface PreviousValues {
  readonly rowCount: number | bigint;
  readonly foundRows: number | bigint;
  readonly warningCount: number;
  readonly errorCount: number;
  /** Not of a statement, but of the session, which no connection to a node tells. */
  readonly autocommit: number;
  /** As `autocommit`. */
  readonly metadata: string;
}

export interface Asked {
  /** Whether the text is for a result of its own, or to be the same on every node. */
  readonly purpose: 'read' | 'write';
  /** By the protocol, so that it was read when it was prepared. */
  readonly prepared: boolean;
}

const functions: ReadonlyMap<string, keyof PreviousValues> = new Map([
  ['ROW_COUNT', 'rowCount'],
  ['FOUND_ROWS', 'foundRows'],
]);
const variables: ReadonlyMap<string, keyof PreviousValues> = new Map([
  ['warning_count', 'warningCount'],
  ['error_count', 'errorCount'],
  ['autocommit', 'autocommit'],
  ['resultset_metadata', 'metadata'],
]);

interface Use {
  readonly value: keyof PreviousValues;
  /** Indexes of its first and last token. */
  readonly first: number;
  readonly last: number;
}

/**
 * The statement with ROW_COUNT(), FOUND_ROWS(), @@warning_count and @@error_count written out. A
 * column that such a thing names keeps its name.
 */
export function withPreviousValues(
  sql: string,
  mode: LexMode,
  values: PreviousValues,
  { purpose, prepared }: Asked,
): string {
  const tokens = new Lexer(sql, mode).run();
  const uses = usesOf(sql, tokens);
  const own = mode.flavor === 'mysql' ? ownWarnings(uses, prepared) : {};
  const spans: SpanReplacement[] = uses.map(({ value, first, last }) => ({
    start: tokens[first]?.start ?? 0,
    end: tokens[last]?.end ?? 0,
    text: valueText(value, own[value] ?? values[value], { flavor: mode.flavor, purpose }),
  }));
  return replaceSpans(sql, [...spans, ...aliases(sql, tokens, uses)]);
}

/**
 * MySQL warns of FOUND_ROWS() while it reads the text; what was counted before is gone then (seen
 * on 9.7).
 */
function ownWarnings(uses: readonly Use[], prepared: boolean): Partial<PreviousValues> {
  const raised = uses.filter(({ value }) => value === 'foundRows').length;
  return raised === 0 ? {} : { warningCount: prepared ? 0 : raised, errorCount: 0 };
}

/**
 * A value of the type, length and flags that it has on a server (compared in
 * test/integration/diagnostics.test.ts).
 */
function valueText(
  what: keyof PreviousValues,
  value: number | bigint | string,
  { flavor, purpose }: { readonly flavor: LexMode['flavor']; readonly purpose: Asked['purpose'] },
): string {
  // On MariaDB a literal is as short as its digits, but what bits make is BIGINT.
  const bits = `${value}|0`;
  switch (what) {
    case 'warningCount':
    case 'errorCount':
      return flavor === 'mariadb' ? `NULLIF(${bits},-1)` : `NULLIF(CAST(${value} AS UNSIGNED),-1)`;
    case 'rowCount':
    case 'foundRows': {
      const number = flavor === 'mariadb' ? `CAST(${bits} AS SIGNED)` : `CAST(${value} AS SIGNED)`;
      // MySQL warns of whoever names it.
      const warns = what === 'foundRows' && flavor === 'mysql' && purpose === 'read';
      return warns ? `IF(1,${number},FOUND_ROWS())` : number;
    }
    case 'metadata':
      return `'${value}'`;
    case 'autocommit':
      return purpose === 'read' ? `IF(0,@@autocommit,${value})` : String(value);
  }
}

function usesOf(sql: string, tokens: readonly Token[]): Use[] {
  const uses: Use[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'system_variable') {
      const value = variables.get(systemVariableName(sql, token));
      if (value && !isTarget(tokens, index)) uses.push({ value, first: index, last: index });
    } else if (isCall(tokens, index)) {
      const value = functions.get(token.text);
      if (value) uses.push({ value, first: index, last: index + 2 });
    }
  }
  return uses;
}

/** What SET assigns to. */
const isTarget = (tokens: readonly Token[], index: number): boolean =>
  isWord(tokens[0], 'SET') &&
  (index === 1 || isOperator(tokens[index - 1], ',')) &&
  (isOperator(tokens[index + 1], '=') || isOperator(tokens[index + 1], ':='));

const isCall = (tokens: readonly Token[], index: number): boolean =>
  tokens[index]?.kind === 'word' &&
  isOperator(tokens[index + 1], '(') &&
  isOperator(tokens[index + 2], ')') &&
  !isOperator(tokens[index - 1], '.');

const behindItems = new Set(
  'FROM WHERE GROUP HAVING WINDOW ORDER LIMIT INTO FOR LOCK UNION EXCEPT INTERSECT PROCEDURE'.split(
    ' ',
  ),
);
const beforeItems = new Set(
  (
    'SELECT ALL DISTINCT DISTINCTROW HIGH_PRIORITY STRAIGHT_JOIN SQL_SMALL_RESULT SQL_BIG_RESULT ' +
    'SQL_BUFFER_RESULT SQL_NO_CACHE SQL_CACHE SQL_CALC_FOUND_ROWS'
  ).split(' '),
);

/** Behind each column of the outermost SELECT that has no name of its own: its text as its name. */
function aliases(sql: string, tokens: readonly Token[], uses: readonly Use[]): SpanReplacement[] {
  if (!isWord(tokens[0], 'SELECT')) return [];
  const { depths } = outlineOf(tokens);
  const edge = (index: number, words: ReadonlySet<string>): boolean => {
    if (depths[index] !== 0) return false;
    const token = tokens[index] as Token;
    return isOperator(token, ',') || (token.kind === 'word' && words.has(token.text));
  };
  const spans = new Map<number, SpanReplacement>();
  for (const { first, last } of uses) {
    let from = first;
    while (from > 0 && !edge(from - 1, beforeItems) && !edge(from - 1, behindItems)) from -= 1;
    if (edge(from - 1, behindItems) && !isOperator(tokens[from - 1], ',')) continue;
    let to = last;
    while (to + 1 < tokens.length && !edge(to + 1, behindItems)) to += 1;
    const end = tokens[to]?.end ?? 0;
    if (isNamed(tokens.slice(from, to + 1), depths.slice(from, to + 1))) continue;
    const text = ` AS ${quoteIdentifier(sql.slice(tokens[from]?.start ?? 0, end))}`;
    spans.set(end, { start: end, end, text });
  }
  return [...spans.values()];
}

/** What an expression may end in behind a value. */
const endsExpression = new Set('NULL TRUE FALSE UNKNOWN END'.split(' '));

/** `expression AS name`, or a name right behind a value. */
function isNamed(item: readonly Token[], depths: readonly number[]): boolean {
  if (item.some((token, index) => depths[index] === 0 && isWord(token, 'AS'))) return true;
  const last = item.at(-1);
  const before = item.at(-2);
  if (!last || !before || endsExpression.has(last.text)) return false;
  const name = last.kind === 'word' || last.kind === 'identifier' || last.kind === 'string';
  return name && (isOperator(before, ')') || before.kind !== 'operator');
}
