import { type ColumnDefinition41, ColumnType } from '../protocol/column-definition.ts';

const binaryCollation = 63;
const wholeNumbers: ReadonlySet<number> = new Set([
  ...[ColumnType.TINY, ColumnType.SHORT, ColumnType.INT24, ColumnType.LONG],
  ...[ColumnType.LONGLONG, ColumnType.YEAR],
]);
const fractions: ReadonlySet<number> = new Set([ColumnType.FLOAT, ColumnType.DOUBLE]);
/** Their text is digits in any character set, also where the server calls it binary. */
const digits: ReadonlySet<number> = new Set([
  ...[ColumnType.DECIMAL, ColumnType.NEWDECIMAL, ColumnType.DATE, ColumnType.TIME],
  ...[ColumnType.DATETIME, ColumnType.TIMESTAMP],
]);

/** A row of the text protocol with the values of any other query over HTTP; bytes stay bytes. */
export function textValues(
  row: readonly (Buffer | null)[],
  columns: readonly ColumnDefinition41[],
): unknown[] {
  return row.map((value, index) => {
    const column = columns[index];
    if (value === null || !column) return null;
    const { type, characterSet } = column;
    if (characterSet === binaryCollation && !isText(type)) return value;
    const text = value.toString('utf8');
    if (wholeNumbers.has(type)) {
      const number = Number(text);
      return Number.isSafeInteger(number) ? number : text;
    }
    if (fractions.has(type)) return Number(text);
    return type === ColumnType.JSON ? (JSON.parse(text) as unknown) : text;
  });
}

/** Whatever the collation. */
const isText = (type: number): boolean =>
  wholeNumbers.has(type) || fractions.has(type) || digits.has(type) || type === ColumnType.JSON;
