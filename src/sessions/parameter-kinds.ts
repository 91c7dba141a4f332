import { ColumnType } from '../protocol/column-definition.ts';

const text = 's';

/** One letter a kind of value; every other type is text. */
const kinds: ReadonlyMap<number, string> = new Map([
  ...[
    ColumnType.TINY,
    ColumnType.SHORT,
    ColumnType.INT24,
    ColumnType.LONG,
    ColumnType.LONGLONG,
    ColumnType.YEAR,
  ].map((type) => [type, 'i'] as const),
  [ColumnType.FLOAT, 'f'],
  [ColumnType.DOUBLE, 'f'],
  [ColumnType.DECIMAL, 'n'],
  [ColumnType.NEWDECIMAL, 'n'],
  [ColumnType.DATE, 'd'],
  [ColumnType.TIME, 't'],
  [ColumnType.TIMESTAMP, 'w'],
  [ColumnType.DATETIME, 'w'],
]);

/**
 * Of which kind each bound value is, '' when all are text. `types` has two bytes a parameter; NULL
 * is of the kind that the value before was (`before`).
 */
export function parameterKinds(types: Buffer, before: string): string {
  let found = '';
  for (let at = 0; at < types.length; at += 2) {
    const type = types[at] ?? ColumnType.NULL;
    const kept = before[at >> 1] ?? text;
    found += type === ColumnType.NULL ? kept : (kinds.get(type) ?? text);
  }
  return /[^s]/.test(found) ? found : '';
}
