/** Client character sets whose multi-byte characters may end in a byte that looks like `\` or a quote. */
export type EscapeHidingCharset = 'big5' | 'cp932' | 'gb18030' | 'gbk' | 'sjis';

const escapeHiding: ReadonlySet<string> = new Set<EscapeHidingCharset>([
  'big5',
  'cp932',
  'gb18030',
  'gbk',
  'sjis',
]);

export const hidesEscapes = (charset: string): charset is EscapeHidingCharset =>
  escapeHiding.has(charset);

/** What a server must know to cut a text into tokens as it itself would. */
export interface LexMode {
  /** sql_mode has ANSI_QUOTES: `"x"` is an identifier, not a string. */
  readonly ansiQuotes: boolean;
  /** sql_mode has NO_BACKSLASH_ESCAPES: a backslash in a string is itself. */
  readonly noBackslashEscapes: boolean;
  readonly flavor: 'mysql' | 'mariadb';
  /**
   * As the servers number themselves in version comments: 90704 for 9.7.4, 101119 for 10.11.19.
   * Without it a comment that only some versions execute is analysed both ways.
   */
  readonly serverVersion?: number;
  /** The session's character_set_client, where its names have to be read from it. */
  readonly charset?: string;
}

const modes = new Map<string, LexMode>();
const shared = new WeakSet<LexMode>();

/** One object for all modes that are the same, which are few. */
export function sharedMode(mode: LexMode): LexMode {
  if (shared.has(mode)) return mode;
  const { flavor, serverVersion = '', charset = '', ansiQuotes, noBackslashEscapes } = mode;
  const key = [flavor, serverVersion, charset, ansiQuotes, noBackslashEscapes].join(' ');
  const known = modes.get(key);
  if (known) return known;
  modes.set(key, mode);
  shared.add(mode);
  return mode;
}

/** It has MariaDB's ORACLE, in which much is read otherwise than any `LexMode` says. */
export const isOracleMode = (sqlMode: string): boolean => /ORACLE/i.test(sqlMode);

export const defaultLexMode: LexMode = {
  ansiQuotes: false,
  noBackslashEscapes: false,
  flavor: 'mysql',
};
