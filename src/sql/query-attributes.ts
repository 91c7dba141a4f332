import { LockstepError } from '../base/errors.ts';
import type { LexMode } from './lex-mode.ts';
import { literalValue } from './literal-value.ts';
import { replaceAsked } from './replace-asked.ts';
import { isName, isOperator, nameOf, type Token } from './token.ts';

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
  return replaceAsked(sql, mode, (tokens, at) => {
    if (!isCall(sql, tokens, at)) return undefined;
    const name = literalValue(sql, tokens[at + 2], mode);
    if (name?.kind !== 'string' || !isOperator(tokens[at + 3], ')')) {
      throw new LockstepError(
        'unsupported',
        `${functionName}() takes the attribute's name as a literal here, in quotes`,
      );
    }
    return { last: at + 3, literal: literalOf(name.text) };
  });
}

function isCall(sql: string, tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (!isName(token) || !isOperator(tokens[at + 1], '(') || isOperator(tokens[at - 1], '.')) {
    return false;
  }
  return nameOf(sql, token).toLowerCase() === functionName;
}
