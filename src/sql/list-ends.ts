import { reservedWords } from './keywords.ts';
import { isOperator, isWord, type Token } from './token.ts';

/** Behind one of these, or with it, a list of tables is over. */
const enders = new Set(
  (
    'WHERE GROUP HAVING ORDER LIMIT UNION EXCEPT INTERSECT SET PROCEDURE INTO VALUES SELECT ' +
    'LOCK'
  ).split(' '),
);

/** The same, where they are not names: not every server reserves them. */
const perhapsNames = new Set('VALUE WINDOW RETURNING QUALIFY'.split(' '));

/** Reserved words that begin an expression. */
const expressionWords = new Set('CASE NULL TRUE FALSE NOT EXISTS BINARY INTERVAL'.split(' '));

const neverNames = /^(?:FROM|WHERE|ON|JOIN|STRAIGHT_JOIN|INNER|CROSS|NATURAL|LEFT|RIGHT|UNION)$/;

/** A reserved word, no name of a table: a name was what stands before it. */
export const goesOn = (token: Token | undefined): boolean =>
  token?.kind === 'word' && neverNames.test(token.text);

/** Whether the word at `at` ends the list of tables that it stands in. */
export function endsTableList(tokens: readonly Token[], at: number): boolean {
  const text = tokens[at]?.text ?? '';
  if (enders.has(text)) return !isInIndexHint(tokens, at);
  return perhapsNames.has(text) && beginsClause(tokens, at);
}

/** USE INDEX FOR ORDER BY (…), FOR GROUP BY (…), FOR JOIN (…): the list goes on behind it. */
export function isInIndexHint(tokens: readonly Token[], at: number): boolean {
  const index = tokens[at - 2];
  return isWord(tokens[at - 1], 'FOR') && (isWord(index, 'INDEX') || isWord(index, 'KEY'));
}

/** Behind an operand and before another one stands a clause; a name has an operator beside it. */
function beginsClause(tokens: readonly Token[], at: number): boolean {
  return endsOperand(tokens[at - 1]) && beginsOperand(tokens[at + 1], tokens[at + 2]);
}

function endsOperand(token: Token | undefined): boolean {
  if (token?.kind === 'word') return !reservedWords.has(token.text) || token.text === 'NULL';
  return token?.kind !== 'operator' || isOperator(token, ')');
}

function beginsOperand(token: Token | undefined, next: Token | undefined): boolean {
  if (token?.kind !== 'word')
    return isOperator(token, '(') || isOperator(token, '*') || !isMark(token);
  if (!reservedWords.has(token.text)) return true;
  return expressionWords.has(token.text) || isOperator(next, '(');
}

const isMark = (token: Token | undefined): boolean =>
  token === undefined || token.kind === 'operator';
