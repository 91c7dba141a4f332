import { quoteIdentifier } from '../../../sql/quote.ts';
import { type ChunkKey, type KeyColumn, keyLiteral, type KeyValue } from './chunk-key.ts';
import { readableLiteral } from './chunk-key.ts';

/** Keys behind `after` up to and with `upTo`; a side that is absent is open. */
export interface KeyRange {
  readonly after?: KeyValue;
  readonly upTo?: KeyValue;
}

/**
 * The range as a condition. Written out column by column, since neither server uses an index
 * for `(a, b) > (1, 2)`.
 */
export function rangeCondition({ columns }: ChunkKey, { after, upTo }: KeyRange): string {
  const sides = [
    ...(after ? [beyond(columns, after, { past: '>', last: '>' })] : []),
    ...(upTo ? [beyond(columns, upTo, { past: '<', last: '<=' })] : []),
  ];
  return sides.length === 0 ? '1 = 1' : sides.join(' AND ');
}

function beyond(
  columns: readonly KeyColumn[],
  value: KeyValue,
  operators: { readonly past: '>' | '<'; readonly last: '>' | '<=' },
): string {
  const { past, last } = operators;
  const terms = columns.map((column, index) => ({
    name: quoteIdentifier(column.name),
    literal: keyLiteral(column, value[index] ?? ''),
  }));
  const [first] = terms;
  const final = terms.at(-1);
  if (!first || !final) return '1 = 1';
  const condition = terms
    .slice(0, -1)
    .reduceRight(
      (rest, { name, literal }) =>
        `(${name} ${past} ${literal} OR (${name} = ${literal} AND ${rest}))`,
      `${final.name} ${last} ${final.literal}`,
    );
  if (terms.length === 1) return condition;
  // Said again for the optimizer: a range of the index, whatever it makes of the rest.
  return `${first.name} ${past}= ${first.literal} AND ${condition}`;
}

/** The one row that has this key. */
export function keyCondition({ columns }: ChunkKey, value: KeyValue): string {
  return columns
    .map((column, index) => {
      return `${quoteIdentifier(column.name)} = ${keyLiteral(column, value[index] ?? '')}`;
    })
    .join(' AND ');
}

/** A key for people, in SQL: `4711`, or `(4711, 'x')`. */
export function keyText({ columns }: ChunkKey, value: KeyValue): string {
  const texts = columns.map((column, index) => readableLiteral(column, value[index] ?? ''));
  return texts.length === 1 ? (texts[0] ?? '') : `(${texts.join(', ')})`;
}

/** The range for people, as a condition that a server takes too; empty for a whole table. */
export function rangeText(key: ChunkKey, { after, upTo }: KeyRange): string {
  const names = key.columns.map(({ name }) => quoteIdentifier(name));
  const left = names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`;
  return [
    ...(after ? [`${left} > ${keyText(key, after)}`] : []),
    ...(upTo ? [`${left} <= ${keyText(key, upTo)}`] : []),
  ].join(' AND ');
}
