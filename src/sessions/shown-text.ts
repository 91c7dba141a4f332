import type { Statement } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';

/** Characters of a statement that lists show. */
const shownMax = 2000;
const mayHoldPassword = /\b(?:IDENTIFIED|PASSWORD|AUTHENTICATION|SECRET)\b/i;

/** A statement for people to read: cut, and without its literals where one may be a password. */
export function shownText(core: SessionCore, statement: Statement, sql: string): string {
  const text = mayHoldPassword.test(statement.normalised) ? statement.normalised : sql;
  // Some bytes more than characters are shown, so that none is cut in two.
  const shown = asText(core, text.slice(0, 4 * shownMax));
  return shown.length > shownMax ? `${shown.slice(0, shownMax)}…` : shown;
}

/** Other character sets than UTF-8 are shown byte by byte. */
export function asText(core: SessionCore, binary: string): string {
  const charset = core.state.carried.settings.get('character_set_client') ?? 'utf8mb4';
  return /utf8/i.test(charset) ? Buffer.from(binary, 'latin1').toString('utf8') : binary;
}
