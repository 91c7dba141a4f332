/** A name as both servers read it in any sql_mode. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export interface QuoteOptions {
  /** sql_mode has NO_BACKSLASH_ESCAPES: only the quote itself is doubled. */
  readonly noBackslashEscapes: boolean;
}

const escapes: Record<string, string> = {
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\x1a': '\\Z',
  "'": "\\'",
  '\\': '\\\\',
};

/**
 * A string literal of these bytes (a binary string). It is only safe where no character of the
 * session's character set can end in the byte of `\` or `'`; `literalOf` knows the exceptions.
 */
export function quoteString(bytes: string, options?: QuoteOptions): string {
  if (options?.noBackslashEscapes) return `'${bytes.replaceAll("'", "''")}'`;
  return `'${bytes.replace(/[\0\n\r\x1a'\\]/g, (byte) => escapes[byte] as string)}'`;
}
