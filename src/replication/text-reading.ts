import type { LexMode } from '../sql/lex-mode.ts';
import { nameCharsetOf } from '../sql/name-charset.ts';
import type { CommandContext } from './command.ts';

const modes = ['ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES'] as const;

/**
 * How the text of a command is to be read, as its settings say: the character set of its names, and
 * what of sql_mode matters. '' where it is as usual.
 */
export function readingOf({ settings }: CommandContext): string {
  const [, charset] = /\bcharacter_set_client=('?\w+)/.exec(settings) ?? [];
  const [, sqlMode = ''] = /\bsql_mode='([^']*)'/.exec(settings) ?? [];
  const set = modes.filter((mode) => sqlMode.split(',').includes(mode));
  return [nameCharsetOf(charset) ?? '', ...set].filter((part) => part !== '').join(',');
}

/** The same for the lexer. */
export function lexModeOf(
  reading: string,
): Pick<LexMode, 'ansiQuotes' | 'noBackslashEscapes' | 'charset'> {
  const parts = reading.split(',');
  const charset = nameCharsetOf(parts[0]);
  return {
    ansiQuotes: parts.includes('ANSI_QUOTES'),
    noBackslashEscapes: parts.includes('NO_BACKSLASH_ESCAPES'),
    ...(charset !== undefined && { charset }),
  };
}
