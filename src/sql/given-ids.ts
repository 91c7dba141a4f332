import { behindSetStatement } from './classify.ts';
import { insertShape } from './insert-shape.ts';
import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { shapeOf } from './statement-shape.ts';
import { isName, isOperator, isWord, type Token } from './token.ts';

/**
 * Whether rows of INSERT … VALUES may both give and generate ids of the column at `index`. The
 * servers then take a second range of ids in the middle of the statement, which need not follow
 * the first when others insert too.
 */
export function mixesIds(sql: string, mode: LexMode, index: number): boolean {
  const shape = insertShape(sql, mode);
  if (!shape) {
    const main = mainStart(sql, mode);
    return main === 0 || mixesIds(sql.slice(main), mode, index);
  }
  const kinds = new Set(shape.rows.map(({ values }) => kindOfId(sql, values[index])));
  return kinds.size > 1 || kinds.has('unknown');
}

/** Offset of the statement that MariaDB's SET STATEMENT … FOR is put before, else 0. */
function mainStart(sql: string, mode: LexMode): number {
  const tokens = new Lexer(sql, mode).run();
  const main = behindSetStatement(tokens, outlineOf(tokens), 0);
  return main === undefined ? 0 : (tokens[main]?.start ?? 0);
}

/** What a row has for an AUTO_INCREMENT column; `zero` generates one in most sql_modes. */
export type GivenId = 'given' | 'generated' | 'zero' | 'unknown';

/** Of INSERT … VALUES with one row, for the column at `index`. */
export function idOfOnlyRow(sql: string, mode: LexMode, index: number): GivenId {
  const [row, other] = insertShape(sql, mode)?.rows ?? [];
  return row && !other ? kindOfId(sql, row.values[index]) : 'unknown';
}

const literal = /(?:\d+(?:\.\d+)?|'(?:[^']|'')*'|NULL|DEFAULT)/iy;

/**
 * What comes before the value for the column at `index` in INSERT … VALUES with one row, if that
 * is a literal and no other is before it: then each text of the same shape begins so.
 */
export function beforeId(sql: string, mode: LexMode, index: number): string | undefined {
  const [row, other] = insertShape(sql, mode)?.rows ?? [];
  const value = row?.values[index];
  if (!value || other) return undefined;
  const before = sql.slice(0, value.start);
  const whole = literalAt(sql, value.start) === sql.slice(value.start, value.end).trim();
  return whole && shapeOf(sql)?.startsWith(before) === true ? before : undefined;
}

/** As `idOfOnlyRow` of a text that begins so. */
export function idBehind(sql: string, before: string): GivenId {
  const text = literalAt(sql, before.length) ?? '';
  return kindOfId(text, { start: 0, end: text.length });
}

function literalAt(sql: string, at: number): string | undefined {
  literal.lastIndex = at;
  return literal.exec(sql)?.[0];
}

function kindOfId(sql: string, value: { start: number; end: number } | undefined): GivenId {
  const written = value ? sql.slice(value.start, value.end).trim() : 'DEFAULT';
  const text = /^'([^']*)'$/.exec(written)?.[1] ?? written;
  if (/^(?:NULL|DEFAULT)$/i.test(text)) return 'generated';
  // Some clients send every number as a DOUBLE: 2e1.
  if (/^[\d.]+(?:e\+?\d+)?$/i.test(text) && Number(text) >= 1) return 'given';
  return text === '0' ? 'zero' : 'unknown';
}

/** Whether the query's column at `index` is a plain column (or may be one of `*`). */
export function selectsColumn(sql: string, mode: LexMode, index: number): boolean {
  const query = insertShape(sql, mode)?.query;
  if (!query) return false;
  const tokens = new Lexer(sql, mode).run().filter(({ start }) => start >= query.start);
  const outline = outlineOf(tokens);
  const from = tokens.findIndex((token, at) => isWord(token, 'FROM') && outline.depths[at] === 0);
  const select = tokens.findIndex((token) => isWord(token, 'SELECT'));
  if (from < 0 || select < 0 || outline.depths[select] !== 0) return false;
  const items: Token[][] = [[]];
  for (let at = select + 1; at < from; at += 1) {
    const token = tokens[at] as Token;
    if (isOperator(token, ',') && outline.depths[at] === 0) items.push([]);
    else items.at(-1)?.push(token);
  }
  const star = items.findIndex((item) => isOperator(item.at(-1), '*'));
  if (star >= 0 && star <= index) return true;
  const item = items[index] ?? [];
  if (isWord(item[0], 'NULL') || isWord(item[0], 'DEFAULT')) return false;
  return isName(item[0]) && item.every((token) => isName(token) || isOperator(token, '.'));
}
