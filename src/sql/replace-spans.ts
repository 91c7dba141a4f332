import { assert } from '../base/assert.ts';

export interface SpanReplacement {
  /** Offsets into the text, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `sql` with each span replaced. The spans may come in any order but must not overlap. */
export function replaceSpans(sql: string, replacements: readonly SpanReplacement[]): string {
  const sorted = [...replacements].sort((a, b) => a.start - b.start);
  let result = '';
  let at = 0;
  for (const { start, end, text } of sorted) {
    assert(start >= at && end >= start && end <= sql.length, 'spans lie in the text, apart');
    result += sql.slice(at, start) + text;
    at = end;
  }
  return result + sql.slice(at);
}
