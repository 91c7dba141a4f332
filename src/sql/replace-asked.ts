import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { quoteIdentifier } from './quote.ts';
import { replaceSpans, type SpanReplacement } from './replace-spans.ts';
import { isWord, type Token } from './token.ts';
import { isWholeColumn } from './whole-column.ts';

/** What stands for the tokens up to and with `last`. */
export interface Answered {
  readonly last: number;
  readonly literal: string;
}

/**
 * The text with literals where it asks for what only Lockstep knows; `answer` is asked of each
 * token. A column that is nothing else keeps its name.
 */
export function replaceAsked(
  sql: string,
  mode: LexMode,
  answer: (tokens: readonly Token[], at: number) => Answered | undefined,
): string {
  const tokens = new Lexer(sql, mode).run();
  // The body of a view or a program asks each time that it runs, whoever runs it.
  if (isWord(tokens[0], 'CREATE') || isWord(tokens[0], 'ALTER')) return sql;
  const { depths } = outlineOf(tokens);
  const spans: SpanReplacement[] = [];
  for (const [index, token] of tokens.entries()) {
    const answered = answer(tokens, index);
    if (!answered) continue;
    const { last, literal } = answered;
    const { start } = token;
    const end = tokens[last]?.end ?? token.end;
    const whole = depths[index] === 0 && isWholeColumn(tokens, index, last);
    const alias = whole ? ` AS ${quoteIdentifier(sql.slice(start, end))}` : '';
    spans.push({ start, end, text: `${literal}${alias}` });
  }
  return replaceSpans(sql, spans);
}
