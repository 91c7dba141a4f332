import { isUtf8 } from 'node:buffer';
import { LockstepError } from '../base/errors.ts';
import { beyondAscii } from '../sql/name-charset.ts';
import { quoteString } from '../sql/quote.ts';

const ofFourBytes = /[\xf0-\xf4][\x80-\xbf]{3}/g;

/**
 * A name from a statement, as information_schema is asked for it. MySQL has a question mark in
 * place of what takes four bytes of UTF-8; MariaDB refuses it in names. Throws unreadable_name for
 * bytes that are no text: MySQL makes question marks of them, how many is its own, and what it then
 * finds would not be known here.
 */
export function quotedName(name: string): string {
  if (!beyondAscii(name)) return quoteString(name);
  if (!isUtf8(Buffer.from(name, 'latin1'))) throw unreadable(name);
  return quoteString(name.replace(ofFourBytes, '?'));
}

function unreadable(name: string): LockstepError {
  const shown = name.replace(
    /[\x80-\xff]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return new LockstepError('unreadable_name', `Invalid utf8mb4 character string: '${shown}'`);
}
