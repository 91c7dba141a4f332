import { quoteString } from '../sql/quote.ts';

/** A character of two or three bytes, which is kept; one of four; or a byte that is none. */
const beyondAscii = new RegExp(
  '([\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|\\xed[\\x80-\\x9f][\\x80-\\xbf]' +
    '|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2})|[\\xf0-\\xf7][\\x80-\\xbf]{3}|[\\x80-\\xff]',
  'g',
);

/**
 * A name from a statement, as information_schema is asked for it. MySQL has a question mark in
 * place of what takes four bytes of UTF-8, and of each byte that is part of no character; MariaDB
 * refuses both in names. Neither compares its own names with such bytes.
 */
export function quotedName(name: string): string {
  return quoteString(name.replace(beyondAscii, (_, kept?: string) => kept ?? '?'));
}
