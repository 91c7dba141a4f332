import { assert } from '../base/assert.ts';
import { isWordCode } from './character-class.ts';
import { replaceSpans } from './replace-spans.ts';

export { literalOf } from './literal-of.ts';

/**
 * The text with the `?` at each of `offsets` replaced by the literal of the same index, so that it
 * stays one token: `LIMIT?` becomes `LIMIT 5`.
 */
export function renderWithParameters(
  sql: string,
  offsets: readonly number[],
  literals: readonly string[],
): string {
  assert(offsets.length === literals.length, 'every marker has its literal');
  const replacements = offsets.map((start, index) => {
    assert(sql[start] === '?', 'a parameter marker is a question mark');
    return { start, end: start + 1, text: fitted(sql, start, literals[index] as string) };
  });
  return replaceSpans(sql, replacements);
}

function fitted(sql: string, at: number, literal: string): string {
  const inLimit = /(?:\blimit\s*|\boffset\s*|\blimit\s*[?\w]+\s*,\s*)$/i.test(
    sql.slice(Math.max(0, at - 64), at),
  );
  const text = inLimit ? asCount(literal) : literal;
  const before = sql.charCodeAt(at - 1);
  const after = sql.charCodeAt(at + 1);
  // A string behind a string would join it, where the text has an alias behind a parameter.
  if (text.endsWith("'") && /^\s*['"]/.test(sql.slice(at + 1, at + 64))) return `(${text})`;
  const space = isWordCode(before) || (text.startsWith('-') && before === 45) ? ' ' : '';
  return space + text + (isWordCode(after) ? ' ' : '');
}

/**
 * LIMIT takes nothing but an integer literal, while as a parameter MariaDB takes any number (and
 * some drivers send each number as a double).
 */
function asCount(literal: string): string {
  const count = Math.round(Number(literal.replace(/^'(.*)'$/, '$1')));
  return Number.isSafeInteger(count) && count >= 0 ? count.toString() : literal;
}
