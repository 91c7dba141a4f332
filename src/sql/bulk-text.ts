import { insertShape, type InsertShape } from './insert-shape.ts';
import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { MarkedText } from './marked-text.ts';
import { inCharset } from './name-charset.ts';
import { outlineOf } from './outline.ts';
import { quoteIdentifier } from './quote.ts';
import type { Statement } from './statement.ts';
import { isName, isOperator, type Token } from './token.ts';
import { rowWriteShape } from './write-shape.ts';

/** What is to stand for a parameter instead of a value. */
export type Instead = 'default' | 'ignore';

/** One statement of those that a text executed with many rows of parameters comes to. */
export interface BulkPart {
  readonly sql: string;
  /** Rows of parameters in it, and how many came before. */
  readonly rows: number;
  readonly before: number;
}

/** A text that can be executed with many rows of parameters at once. */
export interface BulkText {
  /** Each row is a statement of its own; else they are the rows of one INSERT or REPLACE. */
  readonly rowByRow: boolean;
  /** What to write for parameter `index`; undefined where an expression needs a value. */
  standIn(index: number, instead: Instead): string | undefined;
  /** In which columns the rows of an INSERT have parameters. */
  readonly columns: BulkColumns | undefined;
  /**
   * `rows` of SQL literals; a part is longer than `bytesMax` only if it has a single row. A row
   * that is `alone` is a part by itself.
   */
  parts(
    rows: Iterable<readonly string[]>,
    bytesMax: number,
    alone?: (row: readonly string[]) => boolean,
  ): Generator<BulkPart>;
}

/** Columns of an INSERT whose text has a single row: by their names, or by their places. */
export interface BulkColumns {
  /** Of each parameter; undefined behind the rows. */
  readonly of: readonly (string | number | undefined)[];
  /** For which the text itself has NULL. */
  readonly ofNull: readonly (string | number)[];
}

/**
 * Undefined for what MariaDB does not execute in bulk: all but INSERT and REPLACE of values,
 * UPDATE, and DELETE from one table (seen on 10.11).
 */
export function bulkText(sql: string, statement: Statement, mode: LexMode): BulkText | undefined {
  const { verb, parameterOffsets } = statement;
  if (statement.kind !== 'write' || parameterOffsets.length === 0) return undefined;
  const places = { sql, offsets: parameterOffsets, assigned: assignedTargets(sql, mode) };
  if (verb === 'UPDATE' || (verb === 'DELETE' && rowWriteShape(sql, mode))) {
    return new RowByRow(places);
  }
  if ((verb !== 'INSERT' && verb !== 'REPLACE') || statement.insertSelect) return undefined;
  const shape = insertShape(sql, mode);
  const pieces = shape && (valuesPieces(sql, shape) ?? setPieces(sql, shape, mode));
  // A parameter of which nothing is known here.
  if (!pieces || parameterOffsets.some((offset) => offset < pieces.markersFrom)) return undefined;
  return new ManyRows(places, pieces);
}

interface Places {
  readonly sql: string;
  /** Of the parameters. */
  readonly offsets: readonly number[];
  /** To what a parameter is assigned as it is, by its offset. */
  readonly assigned: ReadonlyMap<number, string>;
}

class RowByRow implements BulkText {
  readonly rowByRow = true;
  readonly columns = undefined;
  readonly #places: Places;
  readonly #text: MarkedText;

  constructor(places: Places) {
    this.#places = places;
    this.#text = new MarkedText(places.sql, places.offsets);
  }

  standIn(index: number, instead: Instead): string | undefined {
    const target = this.#places.assigned.get(this.#places.offsets[index] ?? -1);
    return target !== undefined && instead === 'default' ? 'DEFAULT' : target;
  }

  *parts(rows: Iterable<readonly string[]>): Generator<BulkPart> {
    let before = 0;
    for (const row of rows) yield { sql: this.#text.render(row), rows: 1, before: before++ };
  }
}

class ManyRows implements BulkText {
  readonly rowByRow = false;
  readonly columns: BulkColumns | undefined;
  readonly #defaults: readonly boolean[];
  readonly #head: string;
  readonly #row: MarkedText;
  readonly #rowMarkers: number;
  readonly #tail: MarkedText;

  constructor({ sql, offsets, assigned }: Places, pieces: InsertPieces) {
    const inTail = offsets.filter((offset) => offset >= pieces.tailFrom);
    this.#defaults = offsets.map((offset) => assigned.has(offset) || pieces.whole.has(offset));
    this.columns = columnsOf(sql, offsets, pieces);
    this.#head = pieces.head;
    this.#rowMarkers = offsets.length - inTail.length;
    this.#row = new MarkedText(pieces.row, pieces.rowOffsets(offsets.slice(0, this.#rowMarkers)));
    const tailOffsets = inTail.map((offset) => offset - pieces.tailFrom);
    this.#tail = new MarkedText(sql.slice(pieces.tailFrom), tailOffsets);
  }

  /** In an INSERT both are the default, also behind ON DUPLICATE KEY UPDATE. */
  standIn(index: number): string | undefined {
    return this.#defaults[index] ? 'DEFAULT' : undefined;
  }

  /** One statement has one tail, so that rows with other parameters there need another. */
  *parts(
    rows: Iterable<readonly string[]>,
    bytesMax: number,
    alone: (row: readonly string[]) => boolean = () => false,
  ): Generator<BulkPart> {
    const markers = this.#rowMarkers;
    let values = '';
    let tail = '';
    let count = 0;
    let before = 0;
    let wasAlone = false;
    const part = (): BulkPart => ({ sql: this.#head + values + tail, rows: count, before });
    for (const literals of rows) {
      const row = this.#row.render(literals.slice(0, markers));
      const ownTail = this.#tail.render(literals.slice(markers));
      const bytes = this.#head.length + values.length + 1 + row.length + ownTail.length;
      const isAlone = alone(literals);
      if (count > 0 && (isAlone || wasAlone || ownTail !== tail || bytes > bytesMax)) {
        yield part();
        before += count;
        count = 0;
      }
      values = count === 0 ? row : `${values},${row}`;
      tail = ownTail;
      wasAlone = isAlone;
      count += 1;
    }
    if (count > 0) yield part();
  }
}

/** An INSERT as what stands before its rows, the text that is repeated, and what stands behind. */
interface InsertPieces {
  readonly head: string;
  readonly row: string;
  /** No parameter is before this. */
  readonly markersFrom: number;
  readonly tailFrom: number;
  /** Offsets of parameters that are the whole of a value. */
  readonly whole: ReadonlySet<number>;
  /** Values of the only row; undefined where there are more. */
  readonly values: readonly Value[] | undefined;
  /** Names of their columns, where they are listed. */
  readonly names: readonly string[] | undefined;
  /** Where the parameters at these offsets are in `row`. */
  rowOffsets(offsets: readonly number[]): number[];
}

interface Value {
  readonly start: number;
  readonly end: number;
}

function columnsOf(
  sql: string,
  offsets: readonly number[],
  { values, names }: InsertPieces,
): BulkColumns | undefined {
  if (!values) return undefined;
  const columnAt = (index: number): string | number => names?.[index] ?? index;
  const isNull = ({ start, end }: Value): boolean => /^NULL$/i.test(sql.slice(start, end));
  return {
    of: offsets.map((offset) => {
      const at = values.findIndex(({ start, end }) => start <= offset && offset < end);
      return at < 0 ? undefined : columnAt(at);
    }),
    ofNull: values.flatMap((value, at) => (isNull(value) ? [columnAt(at)] : [])),
  };
}

const wholeMarkers = (sql: string, values: readonly Value[]): Set<number> =>
  new Set(values.filter(({ start, end }) => sql.slice(start, end) === '?').map((one) => one.start));

function valuesPieces(sql: string, shape: InsertShape): InsertPieces | undefined {
  const [first] = shape.rows;
  const last = shape.rows.at(-1);
  if (!first || !last) return undefined;
  return {
    head: sql.slice(0, first.open),
    row: sql.slice(first.open, last.close + 1),
    markersFrom: first.open,
    tailFrom: last.close + 1,
    whole: wholeMarkers(
      sql,
      shape.rows.flatMap(({ values }) => values),
    ),
    values: first === last ? first.values : undefined,
    names: shape.columns,
    rowOffsets: (offsets) => offsets.map((offset) => offset - first.open),
  };
}

/** INSERT … SET has one row only, so that it becomes INSERT … VALUES. */
function setPieces(
  sql: string,
  shape: InsertShape,
  { charset }: LexMode,
): InsertPieces | undefined {
  const { setEnd, setValues, columns, tableEnd } = shape;
  const [first] = setValues;
  if (setEnd === undefined || !first || !columns) return undefined;
  let row = '';
  const moved = setValues.map(({ start, end }) => {
    row += row === '' ? '(' : ',';
    const by = row.length - start;
    row += sql.slice(start, end);
    return { start, end, by };
  });
  const names = inCharset(columns.map(quoteIdentifier).join(','), charset);
  return {
    head: `${sql.slice(0, tableEnd)} (${names}) VALUES `,
    row: `${row})`,
    markersFrom: first.start,
    tailFrom: setEnd,
    whole: wholeMarkers(sql, setValues),
    values: setValues,
    names: columns,
    rowOffsets: (offsets) =>
      offsets.map((offset) => {
        const value = moved.find(({ start, end }) => start <= offset && offset < end);
        return offset + (value?.by ?? 0);
      }),
  };
}

const endsAssignment = new Set(['WHERE', 'ORDER', 'LIMIT', 'RETURNING', 'ON']);

/** What `SET a = ?, b.c = ?` and `ON DUPLICATE KEY UPDATE a = ?` assign a bare parameter to. */
function assignedTargets(sql: string, mode: LexMode): Map<number, string> {
  const tokens = new Lexer(sql, mode).run().filter((token) => token.text !== ';');
  const { depths } = outlineOf(tokens);
  const found = new Map<number, string>();
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'parameter' || depths[index] !== 0) continue;
    const from = targetOf(tokens, index);
    if (from === undefined) continue;
    found.set(token.start, sql.slice(tokens[from]?.start, tokens[index - 2]?.end));
  }
  return found;
}

/** Index where the target begins to which the parameter at `index` is assigned as it is. */
function targetOf(tokens: readonly Token[], index: number): number | undefined {
  const next = tokens[index + 1];
  if (next && !isOperator(next, ',') && !endsAssignment.has(next.text)) return undefined;
  if (!isOperator(tokens[index - 1], '=') && !isOperator(tokens[index - 1], ':=')) return undefined;
  let from = index - 2;
  if (!isName(tokens[from])) return undefined;
  while (isOperator(tokens[from - 1], '.') && isName(tokens[from - 2])) from -= 2;
  const before = tokens[from - 1];
  const assigns = isOperator(before, ',') || before?.text === 'SET' || before?.text === 'UPDATE';
  return assigns ? from : undefined;
}
