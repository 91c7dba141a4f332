import { defaultLexMode } from './lex-mode.ts';
import { parseSetTokens, type SetScope } from './set-statement.ts';
import type { Token } from './token.ts';

const serverScopes: ReadonlySet<SetScope> = new Set([
  'global',
  'persist',
  'persist_only',
  'password',
  'default_role',
  'transaction_global',
]);

/**
 * `ddl` if any assignment reaches beyond the session. A form that we cannot read is a `set` all the
 * same: it touches the session, and the session keeps its connection. `at` is the word SET.
 */
export function classifySet(
  sql: string,
  tokens: readonly Token[],
  at: number,
): { kind: 'set' | 'ddl'; implicitCommit: boolean } {
  // The scopes do not depend on the mode: only the values of strings do.
  const scopes = parseSetTokens(sql, tokens, at + 1, defaultLexMode).map(({ scope }) => scope);
  const implicitCommit = scopes.includes('password') || scopes.includes('default_role');
  return { kind: scopes.some((scope) => serverScopes.has(scope)) ? 'ddl' : 'set', implicitCommit };
}
