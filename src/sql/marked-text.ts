import { assert } from '../base/assert.ts';
import { isWordCode } from './character-class.ts';

/** What stands around a `?`, which decides how a literal fits in its place. */
interface Place {
  readonly inLimit: boolean;
  readonly wordBefore: boolean;
  readonly minusBefore: boolean;
  readonly wordAfter: boolean;
  readonly stringAfter: boolean;
}

/** A text with `?` in it, taken apart once for as many rows of literals as are put in. */
export class MarkedText {
  readonly #pieces: string[] = [];
  readonly #places: Place[];

  /** `offsets` of the `?`, ascending. */
  constructor(sql: string, offsets: readonly number[]) {
    let from = 0;
    for (const offset of offsets) {
      assert(offset >= from && sql[offset] === '?', 'a parameter marker is a question mark');
      this.#pieces.push(sql.slice(from, offset));
      from = offset + 1;
    }
    this.#pieces.push(sql.slice(from));
    this.#places = offsets.map((offset) => placeOf(sql, offset));
  }

  /** With a literal for each `?`, so that it stays one token: `LIMIT?` becomes `LIMIT 5`. */
  render(literals: readonly string[]): string {
    assert(this.#places.length === literals.length, 'every marker has its literal');
    let text = this.#pieces[0] as string;
    for (const [index, place] of this.#places.entries()) {
      text += fitted(place, literals[index] as string) + (this.#pieces[index + 1] as string);
    }
    return text;
  }
}

function placeOf(sql: string, at: number): Place {
  return {
    inLimit: /(?:\blimit\s*|\boffset\s*|\blimit\s*[?\w]+\s*,\s*)$/i.test(
      sql.slice(Math.max(0, at - 64), at),
    ),
    wordBefore: isWordCode(sql.charCodeAt(at - 1)),
    minusBefore: sql[at - 1] === '-',
    wordAfter: isWordCode(sql.charCodeAt(at + 1)),
    stringAfter: /^\s*['"]/.test(sql.slice(at + 1, at + 64)),
  };
}

function fitted(place: Place, literal: string): string {
  const text = place.inLimit ? asCount(literal) : literal;
  // A string behind a string would join it, where the text has an alias behind a parameter.
  if (place.stringAfter && text.endsWith("'")) return `(${text})`;
  const space = place.wordBefore || (place.minusBefore && text.startsWith('-')) ? ' ' : '';
  return space + text + (place.wordAfter ? ' ' : '');
}

/**
 * LIMIT takes nothing but an integer literal, while as a parameter MariaDB takes any number (and
 * some drivers send each number as a double).
 */
function asCount(literal: string): string {
  const count = Math.round(Number(literal.replace(/^'(.*)'$/, '$1')));
  return Number.isSafeInteger(count) && count >= 0 ? count.toString() : literal;
}
