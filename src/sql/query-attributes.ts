import { LockstepError } from '../base/errors.ts';
import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { literalValue } from './literal-value.ts';
import { outlineOf } from './outline.ts';
import { quoteIdentifier } from './quote.ts';
import { replaceSpans, type SpanReplacement } from './replace-spans.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';
import { isWholeColumn } from './whole-column.ts';

const functionName = 'mysql_query_attribute_string';
const mayName = new RegExp(functionName, 'i');

/**
 * The text with literals where it asks for a query attribute: every node then gets the same text,
 * and no attributes. `literalOf` is given the attribute's name, a binary string. Programs that ask
 * find no attributes on the nodes.
 */
export function replaceQueryAttributes(
  sql: string,
  mode: LexMode,
  literalOf: (name: string) => string,
): string {
  if (!mayName.test(sql)) return sql;
  const tokens = new Lexer(sql, mode).run();
  // The body of a view or a program asks each time that it runs.
  if (isWord(tokens[0], 'CREATE') || isWord(tokens[0], 'ALTER')) return sql;
  const { depths } = outlineOf(tokens);
  const spans: SpanReplacement[] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isCall(sql, tokens, index)) continue;
    const name = literalValue(sql, tokens[index + 2], mode);
    const closing = tokens[index + 3];
    if (name?.kind !== 'string' || !closing || !isOperator(closing, ')')) {
      throw new LockstepError(
        'unsupported',
        `${functionName}() takes the attribute's name as a literal here, in quotes`,
      );
    }
    const { start } = token;
    const { end } = closing;
    const whole = depths[index] === 0 && isWholeColumn(tokens, index, index + 3);
    const alias = whole ? ` AS ${quoteIdentifier(sql.slice(start, end))}` : '';
    spans.push({ start, end, text: `${literalOf(name.text)}${alias}` });
  }
  return replaceSpans(sql, spans);
}

function isCall(sql: string, tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (!isName(token) || !isOperator(tokens[at + 1], '(') || isOperator(tokens[at - 1], '.')) {
    return false;
  }
  return nameOf(sql, token).toLowerCase() === functionName;
}
