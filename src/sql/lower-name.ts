/**
 * A name (a binary string) as the servers compare those of columns: without case. Its letters
 * beyond ASCII are read as UTF-8; in any other encoding they stay as they are.
 */
export function lowerName(name: string): string {
  return changed(name, lower);
}

/**
 * The same as the servers compare names of savepoints, by utf8mb3_general_ci: without the accents
 * of Latin letters too.
 */
export function foldedName(name: string): string {
  return changed(name, (text) => lower(text).replace(accented, base));
}

function changed(name: string, change: (text: string) => string): string {
  if (!/[\x80-\xff]/.test(name)) return name.toLowerCase();
  const bytes = Buffer.from(name, 'latin1');
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) {
    return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  }
  return Buffer.from(change(text), 'utf8').toString('latin1');
}

/**
 * Letters that the servers know in both cases: those of Unicode 3, without the later ones that
 * stand between them (asked of MariaDB 10.11 and MySQL 9.7).
 */
const cased = new RegExp(
  '[A-Z\\u00c0-\\u012f\\u0131-\\u021f\\u0222-\\u0239\\u0386-\\u03ce\\u03da-\\u03f3' +
    '\\u0400-\\u0489\\u048c-\\u04bf\\u04c1-\\u04c4\\u04c7\\u04c8\\u04cb\\u04cc\\u04d0-\\u04f5' +
    '\\u04f8\\u04f9\\u0531-\\u0587\\u1e00-\\u1e9d\\u1ea0-\\u1ef9\\u1f00-\\u1fff\\u2160-\\u217f' +
    '\\u24b6-\\u24e9\\uff21-\\uff5a]+',
  'g',
);

const lower = (text: string): string => text.replace(cased, (letters) => letters.toLowerCase());

const accented = /[\u00df-\u024f\u1e00-\u1ef9]/g;

function base(letter: string): string {
  if (letter === 'ß') return 's';
  const [first = letter, second] = letter.normalize('NFD');
  return second !== undefined && /[a-z]/.test(first) ? first : letter;
}
