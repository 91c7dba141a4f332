import { expect, test } from 'vitest';
import { Capability } from '../protocol/capabilities.ts';
import { ColumnFlag, ColumnType } from '../protocol/column-definition.ts';
import { parseBinaryRows, parseTextResults } from '../protocol/result-set.ts';
import { encodeResult } from './made-result.ts';

const column = (name: string, type: number, flags = 0) => ({
  catalog: 'def',
  schema: '',
  table: '',
  originalTable: '',
  name,
  originalName: '',
  characterSet: 63,
  lengthMax: 10,
  type,
  flags,
  decimals: 0,
});
const columns = [
  column('text', ColumnType.VAR_STRING),
  column('code', ColumnType.LONG, ColumnFlag.UNSIGNED),
  column('count', ColumnType.LONGLONG),
];
const rows = [
  ['a', 1, 2n],
  [null, 7, null],
] as const;

test.each([0, Capability.DEPRECATE_EOF])('rows are read as they were made, %s', (capabilities) => {
  const options = { capabilities, statusFlags: 2, firstSequenceId: 255 };
  const text = encodeResult({ columns, rows, binary: false }, options);
  expect(parseTextResults(text.bytes, capabilities)).toEqual([
    {
      kind: 'rows',
      columns,
      rows: [
        ['a', '1', '2'],
        [null, '7', null],
      ],
      statusFlags: 2,
    },
  ]);
  // Count, three definitions, two rows, an end; and an EOF before the rows.
  expect(text.nextSequenceId).toBe(capabilities === 0 ? 7 : 6);
  const binary = encodeResult({ columns, rows, binary: true }, options);
  expect(parseBinaryRows(binary.bytes, capabilities)).toMatchObject({
    rows: [
      [Buffer.from('a'), 1, 2n],
      [null, 7, null],
    ],
  });
});
