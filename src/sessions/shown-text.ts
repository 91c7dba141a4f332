import { fromCharset } from '../sql/name-charset.ts';
import type { Statement } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';

/** Characters of a statement that lists show. */
const shownMax = 2000;
const mayHoldPassword = /\b(?:IDENTIFIED|PASSWORD|AUTHENTICATION|SECRET)\b/i;

/** A statement for people to read: cut, and without its literals where one may be a password. */
export function shownText(core: SessionCore, statement: Statement, sql: string): string {
  // Some bytes more than characters are shown, so that none is cut in two.
  const bytesMax = 4 * shownMax;
  const shown = mayHoldPassword.test(statement.normalised)
    ? nameText(statement.normalised.slice(0, bytesMax))
    : asText(core, sql.slice(0, bytesMax));
  return shown.length > shownMax ? `${shown.slice(0, shownMax)}…` : shown;
}

/** What the session's client wrote. */
export const asText = (core: SessionCore, binary: string): string =>
  nameText(fromCharset(binary, core.lexMode.charset));

/** A name as it is everywhere in Lockstep. */
export const nameText = (name: string): string => Buffer.from(name, 'latin1').toString('utf8');
