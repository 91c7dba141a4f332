import { LockstepError } from '../base/errors.ts';
import { oneByteCharsets } from './one-byte-charsets.ts';

/**
 * Names reach Lockstep in the character set of their client, and the catalogue has them in UTF-8:
 * that is what they are in everywhere here, each character of the string a byte. They are read from
 * the client's character set where a text is cut into tokens, and written in it where they become
 * part of a text of the client's session.
 */

/** Character sets of several bytes, and what Node calls them. */
const labels: Readonly<Record<string, string>> = {
  big5: 'big5',
  cp932: 'shift_jis',
  eucjpms: 'euc-jp',
  euckr: 'euc-kr',
  gb18030: 'gb18030',
  gb2312: 'gbk',
  gbk: 'gbk',
  sjis: 'shift_jis',
  ujis: 'euc-jp',
};

/**
 * The character set that names of a session have to be read from: `literal` is what it has as
 * character_set_client. Undefined for UTF-8, and for those that names go through as they are.
 */
export function nameCharsetOf(literal: string | undefined): string | undefined {
  const charset = literal?.replaceAll("'", '');
  if (charset === undefined) return undefined;
  return charset in oneByteCharsets || charset in labels ? charset : undefined;
}

/** A character that is no byte of ASCII; of a binary string, one that is part of such a one. */
export const beyondAscii = (text: string): boolean => /[\x80-\uffff]/.test(text);

/** What to SET ahead of names, where the client's own character set is another. */
export const readAsUtf8 = 'character_set_client=utf8mb4';

/** What a decoder has for bytes that say nothing: U+FFFD. */
const unknownLetter = '\xef\xbf\xbd';
/** A byte that is never part of UTF-8. */
const noLetter = '\xff';

/**
 * UTF-8 of what these bytes say in a character set; both are binary strings. It is no UTF-8 where
 * they say nothing.
 */
export function fromCharset(bytes: string, charset: string | undefined): string {
  if (charset === undefined || !beyondAscii(bytes)) return bytes;
  const text = Buffer.from(textOf(bytes, charset), 'utf8').toString('latin1');
  return text.replaceAll(unknownLetter, noLetter);
}

/** The other way round; throws for a name that has a character which is not in the set. */
export function inCharset(name: string, charset: string | undefined): string {
  if (charset === undefined || !beyondAscii(name)) return name;
  const text = Buffer.from(name, 'latin1').toString('utf8');
  const bytes = bytesOf(charset);
  return text.replace(/[\x80-\uffff]/g, (letter) => {
    const found = bytes.get(letter);
    if (found !== undefined) return found;
    throw new LockstepError(
      'unsupported',
      `${text} has a character that the session's character set ${charset} has not; ` +
        'SET NAMES utf8mb4 first',
    );
  });
}

function textOf(bytes: string, charset: string): string {
  const letters = oneByteCharsets[charset];
  if (letters !== undefined) {
    return bytes.replace(/[\x80-\xff]/g, (byte) => letters[byte.charCodeAt(0) - 0x80] as string);
  }
  if (charset !== 'euckr') return decoderOf(charset).decode(Buffer.from(bytes, 'latin1'));
  return bytes.replace(
    /[\x81-\xfe][\x41-\xfe]|[\x80-\xff]/g,
    (pair) => lettersOf(charset).get(pair) ?? '\ufffd',
  );
}

const decoderOf = (charset: string) => new TextDecoder(labels[charset]);

const tables = new Map<string, ReadonlyMap<string, string>>();

function kept(key: string, make: () => ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const known = tables.get(key) ?? make();
  tables.set(key, known);
  return known;
}

/** The bytes of each character beyond ASCII. */
const bytesOf = (charset: string): ReadonlyMap<string, string> =>
  kept(`to ${charset}`, () => {
    const pairs = [...lettersOf(charset)].map(([bytes, letter]) => [letter, bytes] as const);
    // Of several ways to write one the first is the usual one.
    return new Map(pairs.toReversed());
  });

/** The other way round; of gb18030 without those of four bytes. */
const lettersOf = (charset: string): ReadonlyMap<string, string> =>
  kept(`from ${charset}`, () => {
    const letters = oneByteCharsets[charset];
    if (letters === undefined) return severalBytes(charset);
    const all = Array.from(letters, (letter, at) => [byteOf(0x80 + at), letter] as const);
    return new Map(all.filter(([, letter]) => letter !== '?'));
  });

const byteOf = (code: number): string => String.fromCharCode(code);
const bytesFrom = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => byteOf(from + at));

function severalBytes(charset: string): Map<string, string> {
  const found = new Map<string, string>();
  const decoder = decoderOf(charset);
  const leads = ['', ...bytesFrom(0x81, 0xfe), ...bytesFrom(0xa1, 0xfe).map((two) => `\x8f${two}`)];
  for (const lead of leads) {
    const written = bytesFrom(0x40, 0xfe).map((last) => lead + last);
    const read = decoder.decode(Buffer.from(written.join('\n'), 'latin1')).split('\n');
    for (const [at, letter] of read.entries()) {
      const bytes = written[at] ?? '';
      const isOne = letter.length === 1 && letter !== '\ufffd' && beyondAscii(letter);
      if (isOne && read.length === written.length) found.set(bytes, letter);
    }
  }
  if (charset === 'euckr') addSyllables(found);
  return found;
}

/**
 * The servers' euckr has all syllables of Hangul: those that the standard has not stand in their
 * order where it has nothing, as in Microsoft's code page 949.
 */
function addSyllables(found: Map<string, string>): void {
  const standard = new Set(found.values());
  const trails = [...bytesFrom(0x41, 0x5a), ...bytesFrom(0x61, 0x7a), ...bytesFrom(0x81, 0xfe)];
  const places = bytesFrom(0x81, 0xc6).flatMap((lead) =>
    trails.filter((trail) => lead <= '\xa0' || trail <= '\xa0').map((trail) => lead + trail),
  );
  let at = 0;
  for (let code = 0xac00; code <= 0xd7a3; code += 1) {
    const syllable = String.fromCharCode(code);
    if (!standard.has(syllable)) found.set(places[at++] ?? '', syllable);
  }
}
