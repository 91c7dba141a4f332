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

/** From this length on it takes too long to find one byte after the other. */
const longBytesMin = 4096;

/**
 * A string literal of these bytes (a binary string). It is only safe where no character of the
 * session's character set can end in the byte of `\` or `'`; `literalOf` knows the exceptions.
 */
export function quoteString(bytes: string, options?: QuoteOptions): string {
  if (options?.noBackslashEscapes) return `'${bytes.replaceAll("'", "''")}'`;
  if (bytes.length >= longBytesMin) return `'${escapeLong(bytes)}'`;
  return `'${bytes.replace(/[\0\n\r\x1a'\\]/g, (byte) => escapes[byte] as string)}'`;
}

/** The byte behind the backslash for each that cannot stand by itself, 0 for the others. */
const letters = new Uint8Array(256);
for (const [byte, text] of Object.entries(escapes)) {
  letters[byte.charCodeAt(0)] = text.charCodeAt(1);
}
const backslash = 0x5c;

/** A value may have many megabytes, and every other byte be one of these. */
function escapeLong(bytes: string): string {
  const from = Buffer.from(bytes, 'latin1');
  const to = Buffer.allocUnsafe(from.length * 2);
  let length = 0;
  for (let at = 0; at < from.length; at += 1) {
    const byte = from[at] as number;
    const letter = letters[byte] as number;
    if (letter !== 0) to[length++] = backslash;
    to[length++] = letter === 0 ? byte : letter;
  }
  return to.toString('latin1', 0, length);
}
