/** What a byte means where a token may begin. */
export const CharacterClass = {
  unknown: 0,
  space: 1,
  word: 2,
  digit: 3,
  punctuation: 4,
} as const;

function buildTable(): Uint8Array {
  const table = new Uint8Array(256);
  const set = (characters: string, value: number) => {
    for (const character of characters) table[character.charCodeAt(0)] = value;
  };
  set(' \t\n\v\f\r', CharacterClass.space);
  set('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$', CharacterClass.word);
  set('0123456789', CharacterClass.digit);
  set('!%&()*+,-./:;<=>?@^{|}~\'"`#', CharacterClass.punctuation);
  // Bytes of multi-byte characters: the servers take them as parts of identifiers.
  table.fill(CharacterClass.word, 0x80);
  return table;
}

const table = buildTable();

/** Behind the end of the text, where `charCodeAt` is NaN, nothing is a word. */
export function characterClass(code: number): number {
  return code >= 256 ? CharacterClass.word : (table[code] ?? CharacterClass.unknown);
}

/** May stand inside a bare word. */
export function isWordCode(code: number): boolean {
  const value = characterClass(code);
  return value === CharacterClass.word || value === CharacterClass.digit;
}

export function isSpaceCode(code: number): boolean {
  return characterClass(code) === CharacterClass.space;
}

export function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}
