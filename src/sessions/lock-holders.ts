import { replaceAsked } from '../sql/replace-asked.ts';
import { isOperator, isWord, type Token } from '../sql/token.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** No session's number: a lock that others hold, on the node itself, must not look free. */
const someoneElse = 999_999_999;

/**
 * IS_USED_LOCK() with the number of the session instead of that of its connection. Who holds a
 * user-level lock, or waits for one, has a connection to the leader for itself, as the session that
 * asks has: so the numbers of all sessions that can be answered are known.
 */
export function tellHolders(core: SessionCore, write: WriteRequest): WriteRequest {
  const { pinned, sessions, lexMode } = core;
  if (!pinned || !write.statement.functions.has('IS_USED_LOCK')) return write;
  // As the function itself is on each.
  const typed = (id: number) => (lexMode.flavor === 'mysql' ? `CAST(${id} AS UNSIGNED)` : `${id}`);
  const whens = ['WHEN 0 THEN NULL'];
  for (const { core: other } of sessions.values()) {
    if (other.pinned?.node !== pinned.node) continue;
    whens.push(`WHEN ${other.pinned.connection.threadId} THEN ${typed(other.id)}`);
  }
  const cases = `${whens.join(' ')} ELSE ${typed(someoneElse)}`;
  let answered = -1;
  const sql = replaceAsked(write.sql, lexMode, (tokens, at) => {
    const last = at > answered ? endOfCall(tokens, at) : undefined;
    if (last === undefined) return undefined;
    answered = last;
    const call = write.sql.slice(tokens[at]?.start, tokens[last]?.end);
    return { last, literal: `CASE IFNULL(${call}, 0) ${cases} END` };
  });
  return { ...write, sql, statement: core.analyse(sql), request: write.request.withText(sql) };
}

/** The parenthesis that ends IS_USED_LOCK(…), if the call begins here. */
function endOfCall(tokens: readonly Token[], at: number): number | undefined {
  if (!isWord(tokens[at], 'IS_USED_LOCK') || !isOperator(tokens[at + 1], '(')) return undefined;
  let depth = 0;
  for (let index = at + 1; index < tokens.length; index += 1) {
    if (isOperator(tokens[index], '(')) depth += 1;
    if (isOperator(tokens[index], ')')) depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
}
