import { builtinFunctions } from './function-names.ts';
import { keywords } from './keywords.ts';

function buildKnown(): Map<string, string> {
  const known = new Map<string, string>();
  for (const word of [...keywords, ...builtinFunctions]) {
    known.set(word, word);
    known.set(word.toLowerCase(), word);
  }
  return known;
}

// Nearly every word of a statement is a keyword in one of these two spellings.
const known = buildKnown();

/** ASCII upper case; other bytes stay, since in this text they are parts of characters. */
export function upperWord(word: string): string {
  return known.get(word) ?? word.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
