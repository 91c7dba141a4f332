import { quoteIdentifier } from '../../../sql/quote.ts';
import { jsonLiteral } from './json-literal.ts';
import type { UserColumn } from './user-tables.ts';

/** How the values of one column travel from node to node without any change. */
export interface ColumnLiteral {
  /** What to select, in a session with `character_set_results=NULL`. */
  readonly expression: string;
  /** A value as it came, as an SQL literal of ASCII characters only. */
  readonly render: (value: Buffer) => string;
  /** What a user variable that holds the value's bytes has to be wrapped in. */
  readonly fromVariable: (variable: string) => string;
}

const hex = (value: Buffer): string => `X'${value.toString('hex')}'`;
const quoted = (value: Buffer): string => `'${value.toString('latin1')}'`;
const bare = (value: Buffer): string => value.toString('latin1');
const same = (variable: string): string => variable;

const numbers = new Set(
  'tinyint smallint mediumint int integer bigint decimal numeric year'.split(' '),
);
const texts = new Set('date datetime timestamp time uuid inet4 inet6'.split(' '));

/**
 * Numbers as they are; dates and the like as text, in a session in UTC; a FLOAT as the DOUBLE
 * that it is, since its own text has six digits; ENUM and SET by number, because the value 0 of
 * an ENUM has no name of its own; everything else by its bytes, whatever its character set.
 */
export function columnLiteral(column: UserColumn): ColumnLiteral {
  const name = quoteIdentifier(column.name);
  const { type } = column;
  if (numbers.has(type)) return { expression: name, render: bare, fromVariable: same };
  if (texts.has(type)) return { expression: name, render: quoted, fromVariable: same };
  // As a string: the literal -0 would be the integer 0.
  if (type === 'float' || type === 'double') {
    return { expression: `${name} * 1e0`, render: quoted, fromVariable: same };
  }
  if (type === 'enum' || type === 'set') {
    return { expression: `CAST(${name} AS UNSIGNED)`, render: bare, fromVariable: same };
  }
  // MySQL: a JSON value is not made from a binary string.
  if (type === 'json') {
    return {
      expression: name,
      render: jsonLiteral,
      fromVariable: (variable) => `CONVERT(${variable} USING utf8mb4)`,
    };
  }
  return { expression: name, render: hex, fromVariable: same };
}
