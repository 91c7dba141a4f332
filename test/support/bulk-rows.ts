import type { BinaryValue } from '../../src/protocol/binary-value.ts';
import { ColumnType } from '../../src/protocol/column-definition.ts';
import type { BulkParameter } from '../../src/protocol/stmt-bulk-execute.ts';

export const parameter = (type: number, value: BinaryValue, unsigned = false): BulkParameter => ({
  type,
  unsigned,
  value,
});
export const int = (value: number | null): BulkParameter => parameter(ColumnType.LONG, value);
export const text = (value: string | null): BulkParameter =>
  parameter(ColumnType.VAR_STRING, value === null ? null : Buffer.from(value));
export const byDefault = (of: BulkParameter): BulkParameter => ({
  ...of,
  value: null,
  instead: 'default',
});
export const ignored = (of: BulkParameter): BulkParameter => ({
  ...of,
  value: null,
  instead: 'ignore',
});
