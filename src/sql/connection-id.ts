import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { quoteIdentifier } from './quote.ts';
import { replaceSpans, type SpanReplacement } from './replace-spans.ts';
import { isOperator, isWord, systemVariableName, type Token } from './token.ts';
import { isWholeColumn } from './whole-column.ts';

const threadVariable = 'pseudo_thread_id';
const mayName = /connection_id|pseudo_thread_id/i;

/**
 * The text with `id` where it asks for the number of its connection: a node would answer with that
 * of whichever connection runs it. A CAST, because a bare number in GROUP BY or ORDER BY is a
 * column's place. A column that is nothing else keeps its name.
 */
export function replaceConnectionId(sql: string, mode: LexMode, id: number): string {
  if (!mayName.test(sql)) return sql;
  const tokens = new Lexer(sql, mode).run();
  // The body of a view or a program asks each time that it runs, whoever runs it.
  if (isWord(tokens[0], 'CREATE') || isWord(tokens[0], 'ALTER')) return sql;
  const { depths } = outlineOf(tokens);
  const spans: SpanReplacement[] = [];
  for (const [index, token] of tokens.entries()) {
    const last = lastOfUse(sql, tokens, index);
    if (last === undefined) continue;
    const { start } = token;
    const end = tokens[last]?.end ?? token.end;
    const whole = depths[index] === 0 && isWholeColumn(tokens, index, last);
    const alias = whole ? ` AS ${quoteIdentifier(sql.slice(start, end))}` : '';
    spans.push({ start, end, text: `CAST(${id} AS UNSIGNED)${alias}` });
  }
  return replaceSpans(sql, spans);
}

/** CONNECTION_ID() or @@pseudo_thread_id, but not where that is set. */
function lastOfUse(sql: string, tokens: readonly Token[], at: number): number | undefined {
  const token = tokens[at];
  if (token?.kind === 'system_variable') {
    const named = systemVariableName(sql, token) === threadVariable;
    const next = tokens[at + 1];
    return named && !isOperator(next, '=') && !isOperator(next, ':=') ? at : undefined;
  }
  const call =
    isWord(token, 'CONNECTION_ID') &&
    isOperator(tokens[at + 1], '(') &&
    isOperator(tokens[at + 2], ')');
  return call ? at + 2 : undefined;
}
