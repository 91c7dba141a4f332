import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capability } from './capabilities.ts';
import { ColumnType } from './column-definition.ts';
import { decodeStmtExecute, decodeStmtSendLongData, encodeStmtExecute } from './stmt-execute.ts';
import type { BoundParameter } from './stmt-execute.ts';
import { capture } from './testing/captures.ts';

const plain = { previousTypes: [], capabilities: 0 };
const long = (value: number | null): BoundParameter => ({
  type: ColumnType.LONG,
  unsigned: false,
  value,
});
const text = (value: string): BoundParameter => ({
  type: ColumnType.VAR_STRING,
  unsigned: false,
  value: Buffer.from(value),
});

test('an execute that real servers took', () => {
  const decoded = decodeStmtExecute(capture('mysql', 'execute_cursor_plain').command, {
    ...plain,
    parameterCount: 2,
  });
  expect(decoded).toMatchObject({ cursorFlags: 1, iterations: 1, newTypes: true });
  expect(decoded.parameters).toEqual([long(1), text('zz')]);
});

test('any parameters are read as they were written', () => {
  const parameter = fc.oneof(
    fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })).map(long),
    fc.string().map(text),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({
      type: ColumnType.LONGLONG,
      unsigned: true,
      value,
    })),
    fc.double({ noNaN: true }).map((value) => ({
      type: ColumnType.DOUBLE,
      unsigned: false,
      value,
    })),
  );
  fc.assert(
    fc.property(fc.array(parameter, { maxLength: 20 }), (parameters) => {
      const payload = encodeStmtExecute({ statementId: 9, parameters });
      const decoded = decodeStmtExecute(payload, { ...plain, parameterCount: parameters.length });
      expect(decoded.parameters).toEqual(parameters);
      expect(decoded.statementId).toBe(9);
    }),
  );
});

describe('types', () => {
  /** 1 parameter, not null, no new types, value 7 as LONG. */
  const again = Buffer.from('17 01000000 00 01000000 00 00 07000000'.replaceAll(' ', ''), 'hex');
  const type = { type: ColumnType.LONG, unsigned: false };

  test('hold from the execution before when the packet has none', () => {
    const decoded = decodeStmtExecute(again, {
      ...plain,
      parameterCount: 1,
      previousTypes: [type],
    });
    expect(decoded).toMatchObject({ newTypes: false, types: [type], parameters: [long(7)] });
  });

  test('are malformed when there never were any', () => {
    expect(() => decodeStmtExecute(again, { ...plain, parameterCount: 1 })).toThrow('no types');
  });
});

test('a parameter sent as long data has no value in the packet, whatever its null bit', () => {
  const parameters = [text('sent before'), long(5)];
  const payload = encodeStmtExecute({ statementId: 1, parameters, longData: new Set([0]) });
  const context = { ...plain, parameterCount: 2 };
  const data = Buffer.from('\0\xff', 'latin1');
  expect(
    decodeStmtExecute(payload, { ...context, longData: new Map([[0, data]]) }).parameters,
  ).toEqual([{ ...text(''), value: data }, long(5)]);
  const [first] = decodeStmtSendLongDataOf(data);
  expect(first).toEqual({ statementId: 1, parameterIndex: 0, data });
});

function decodeStmtSendLongDataOf(data: Buffer): unknown[] {
  const head = Buffer.from('18010000000000', 'hex');
  return [decodeStmtSendLongData(Buffer.concat([head, data]))];
}

describe('query attributes', () => {
  const capabilities = Capability.QUERY_ATTRIBUTES;
  // Flags 8, count 2: parameter 0 unnamed LONG 7, attribute `k` VAR_STRING "v".
  const payload = Buffer.from(
    '17 01000000 08 01000000 02 00 01 0300 00 fd00 016b 07000000 0176'.replaceAll(' ', ''),
    'hex',
  );

  test('come behind the parameters and are left out', () => {
    const decoded = decodeStmtExecute(payload, { ...plain, capabilities, parameterCount: 1 });
    expect(decoded.parameters).toEqual([long(7)]);
    expect(decoded.types).toHaveLength(1);
  });

  test('may come alone', () => {
    const none = decodeStmtExecute(payload, { ...plain, capabilities, parameterCount: 0 });
    expect(none.parameters).toEqual([]);
  });

  test('a count below the statement’s is malformed', () => {
    expect(() => decodeStmtExecute(payload, { ...plain, capabilities, parameterCount: 3 })).toThrow(
      '2 parameters sent',
    );
  });
});

test('cut anywhere it is malformed, never something else', () => {
  const whole = encodeStmtExecute({ statementId: 1, parameters: [long(1), text('abc')] });
  for (let length = 0; length < whole.length; length += 1) {
    expect(() =>
      decodeStmtExecute(whole.subarray(0, length), { ...plain, parameterCount: 2 }),
    ).toThrow('Malformed packet');
  }
});
