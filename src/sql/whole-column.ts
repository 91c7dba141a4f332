import { isOperator, isWord, type Token } from './token.ts';

const before = new Set(['SELECT', 'ALL', 'DISTINCT', 'SQL_NO_CACHE']);
const behind = new Set(['FROM', 'WHERE', 'UNION', 'LIMIT', 'ORDER', 'INTO', 'FOR', 'HAVING']);

/** Whether the tokens from `first` to `last` are all of a SELECT's column, which they then name. */
export function isWholeColumn(tokens: readonly Token[], first: number, last: number): boolean {
  if (!tokens.some((token, index) => index < first && isWord(token, 'SELECT'))) return false;
  if (tokens.some((token, index) => index < first && isWord(token, 'FROM'))) return false;
  const previous = tokens[first - 1];
  const next = tokens[last + 1];
  const begins = isOperator(previous, ',') || (previous !== undefined && before.has(previous.text));
  return begins && (next === undefined || isOperator(next, ',') || behind.has(next.text));
}
