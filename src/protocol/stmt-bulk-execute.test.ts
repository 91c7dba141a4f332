import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ColumnType } from './column-definition.ts';
import { type BulkParameter, decodeStmtBulkExecute } from './stmt-bulk-execute.ts';
import { type BulkRow, encodeStmtBulkExecute } from './testing/bulk-packet.ts';
import { capture } from './testing/captures.ts';

const long = (value: number | null): BulkParameter => ({
  type: ColumnType.LONG,
  unsigned: false,
  value,
});
const text = (value: string | null): BulkParameter => ({
  type: ColumnType.VAR_STRING,
  unsigned: false,
  value: value === null ? null : Buffer.from(value),
});
const instead = (of: BulkParameter, what: 'default' | 'ignore'): BulkParameter => ({
  ...of,
  value: null,
  instead: what,
});
const context = (parameterCount: number) => ({ parameterCount, previousTypes: [] });

describe('what the connector for Node sent', () => {
  const valuesOf = (name: string): unknown[] => {
    const { command } = capture('mariadb', name);
    return [...decodeStmtBulkExecute(command, context(5)).rows()].map((row) =>
      row.map(({ type, value }) => [type, value]),
    );
  };
  const { LONG, DOUBLE, VAR_STRING, DATETIME, BLOB } = ColumnType;
  const at = { kind: 'datetime', year: 2024, month: 2, day: 29 };

  test('values', () => {
    const clock = { hour: 1, minute: 2, second: 3, microsecond: 45_000 };
    expect(valuesOf('bulk_dates_plain')).toEqual([
      [
        [LONG, 1],
        [DOUBLE, 0.5],
        [VAR_STRING, Buffer.from('é')],
        [DATETIME, { ...at, ...clock }],
        [BLOB, Buffer.of(0, 255)],
      ],
    ]);
  });

  test('several rows, with NULL in them', () => {
    const midnight = { hour: 0, minute: 0, second: 0, microsecond: 0 };
    expect(valuesOf('bulk_nulls_plain')).toEqual([
      [
        [DOUBLE, 9007199254740991],
        [DOUBLE, -2.5],
        [VAR_STRING, null],
        [DATETIME, { ...at, ...midnight }],
        [BLOB, Buffer.alloc(0)],
      ],
      [
        [DOUBLE, null],
        [DOUBLE, null],
        [VAR_STRING, Buffer.from("it's")],
        [DATETIME, null],
        [BLOB, null],
      ],
    ]);
  });
});

const someParameter: readonly fc.Arbitrary<BulkParameter>[] = [
  fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constant(null)).map(long),
  fc.oneof(fc.string(), fc.constant(null)).map(text),
  fc.constantFrom('default', 'ignore').map((what) => instead(long(0), what)),
];
const row = fc.tuple(
  fc.oneof(
    someParameter[0] as fc.Arbitrary<BulkParameter>,
    someParameter[2] as fc.Arbitrary<BulkParameter>,
  ),
  someParameter[1] as fc.Arbitrary<BulkParameter>,
);

test('any rows are read as they were written, as often as they are asked for', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
      const payload = encodeStmtBulkExecute({ statementId: 9, rows });
      const decoded = decodeStmtBulkExecute(payload, context(2));
      expect(decoded).toMatchObject({ statementId: 9, flags: 128 });
      expect([...decoded.rows()]).toEqual(rows);
      expect([...decoded.rows()]).toEqual(rows);
    }),
  );
});

test('cut anywhere the whole rows before are read, and then it is malformed', () => {
  const rows: BulkRow[] = [1, 2, 3].map((n) => [long(n), text('ab')]);
  const whole = encodeStmtBulkExecute({ statementId: 1, rows });
  const rowBytes = 9;
  const head = whole.length - 3 * rowBytes;
  for (let length = 0; length < whole.length; length += 1) {
    const read: BulkRow[] = [];
    const readAll = (): void => {
      const decoded = decodeStmtBulkExecute(whole.subarray(0, length), context(2));
      for (const one of decoded.rows()) read.push(one);
    };
    const between = length >= head && (length - head) % rowBytes === 0;
    if (between) readAll();
    else expect(readAll).toThrow('Malformed packet');
    expect(read).toEqual(rows.slice(0, Math.max(0, Math.floor((length - head) / rowBytes))));
  }
});

describe('types', () => {
  test('hold from the execution before when the packet has none', () => {
    const payload = encodeStmtBulkExecute({ statementId: 1, rows: [[long(7)]], flags: 0 });
    const previousTypes = [{ type: ColumnType.LONG, unsigned: false }];
    const decoded = decodeStmtBulkExecute(payload, { parameterCount: 1, previousTypes });
    expect([...decoded.rows()]).toEqual([[long(7)]]);
  });

  test('without any there are no rows, however long the packet is', () => {
    const payload = encodeStmtBulkExecute({ statementId: 1, rows: [[long(7)]], flags: 0 });
    expect([...decodeStmtBulkExecute(payload, context(1)).rows()]).toEqual([]);
  });

  test('of NULL have no value', () => {
    const none = { type: ColumnType.NULL, unsigned: false, value: null };
    const payload = encodeStmtBulkExecute({ statementId: 1, rows: [[none]] });
    expect([...decodeStmtBulkExecute(payload, context(1)).rows()]).toEqual([[none]]);
    payload[payload.length - 1] = 0;
    expect(() => [...decodeStmtBulkExecute(payload, context(1)).rows()]).toThrow('type NULL');
  });
});
