import type { LexMode } from './lex-mode.ts';
import { replaceAsked } from './replace-asked.ts';
import { isOperator, isWord, systemVariableName, type Token } from './token.ts';

const threadVariable = 'pseudo_thread_id';
const mayName = /connection_id|pseudo_thread_id/i;

/**
 * The text with `id` where it asks for the number of its connection: a node would answer with that
 * of whichever connection runs it. A CAST, because a bare number in GROUP BY or ORDER BY is a
 * column's place.
 */
export function replaceConnectionId(sql: string, mode: LexMode, id: number): string {
  if (!mayName.test(sql)) return sql;
  return replaceAsked(sql, mode, (tokens, at) => {
    const last = lastOfUse(sql, tokens, at);
    return last === undefined ? undefined : { last, literal: `CAST(${id} AS UNSIGNED)` };
  });
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
