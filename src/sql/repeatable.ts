import { type Features, featuresOf } from './features.ts';
import { isBuiltinFunction } from './function-names.ts';
import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { stableFunctions } from './stable-functions.ts';
import { isWord, type Token } from './token.ts';

/**
 * Words that a text may not have which is to be repeatable: its tables are hard to tell (WITH),
 * it makes a TIME, which gets the date of the day where it meets a date, looks into the past, or
 * asks what the session has drawn from a sequence. SQL_NO_CACHE says it in so many words.
 */
const strangeWords: ReadonlySet<string> = new Set(
  (
    'WITH TIME NEXT PREVIOUS SYSTEM_TIME PORTION LATERAL JSON_TABLE INTO PROCEDURE HANDLER ' +
    'SQL_NO_CACHE STATEMENT'
  ).split(' '),
);

/** In a program it fills a variable of the program. */
const usualInPrograms = 'INTO';

const versionComment = /\/\*M?!/;

interface Read {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly features: Features;
  readonly mode: LexMode;
}

/**
 * Whether the text computes the same again as long as the tables, views and stored functions that
 * it names are as they are, in the same session state. Stored functions are to be looked into.
 */
export const isRepeatable = (read: Read): boolean => computesTheSame(read, '');

/** The same of the body of a function. */
export function isRepeatableProgram(body: string, mode: LexMode): boolean {
  const tokens = new Lexer(body, mode).run();
  const outline = outlineOf(tokens);
  const kinds = { definition: false, program: true, variablesInOut: false, set: false };
  const features = featuresOf({ sql: body, tokens, outline, mode, ...kinds });
  return computesTheSame({ sql: body, tokens, features, mode }, usualInPrograms);
}

function computesTheSame({ sql, tokens, features, mode }: Read, usual: string): boolean {
  if (versionComment.test(sql)) return false;
  if (features.systemVariables.length > 0 || features.sequence || features.locking) return false;
  if (features.userVariablesRead.length > 0 || features.userVariablesAssigned.length > 0) {
    return false;
  }
  const stable = ({ name }: { readonly name: string }): boolean =>
    stableFunctions.has(name) || !isBuiltinFunction(name, mode.flavor);
  if (features.strange || features.calcFoundRows || !features.calls.every(stable)) return false;
  return tokens.every((token, index) => {
    // {t '10:00:00'}
    if (token.text === '{') return false;
    if (token.kind !== 'word' || !strangeWords.has(token.text) || token.text === usual) return true;
    return token.text === 'WITH' && isWord(tokens[index + 1], 'ROLLUP');
  });
}
