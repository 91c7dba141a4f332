import { expect, test } from 'vitest';
import { ColumnType } from '../protocol/column-definition.ts';
import { parameterKinds } from './parameter-kinds.ts';

const kindsOf = (types: readonly number[], before = ''): string =>
  parameterKinds(Buffer.from(types.flatMap((type) => [type, 0])), before);

test.each([
  [[ColumnType.LONG, ColumnType.VAR_STRING, ColumnType.DOUBLE], '', 'isf'],
  [[ColumnType.LONGLONG, ColumnType.BLOB, ColumnType.FLOAT], '', 'isf'],
  [[ColumnType.VAR_STRING, ColumnType.JSON], 'if', ''],
  [[ColumnType.NULL, ColumnType.NULL], 'is', 'is'],
  [[ColumnType.NULL, ColumnType.DATE], '', 'sd'],
  [[], '', ''],
])('%j behind %j is %j', (types, before, expected) => {
  expect(kindsOf(types, before)).toBe(expected);
});
