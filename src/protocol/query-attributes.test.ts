import { expect, test } from 'vitest';
import { ColumnType } from './column-definition.ts';
import { PayloadWriter } from './packet-writer.ts';
import { plainExecution, plainQuery } from './query-attributes.ts';
import { decodeStmtExecute } from './stmt-execute.ts';

const query = (text: string): Buffer => Buffer.concat([Buffer.of(3), Buffer.from(text)]);
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

test('a query without attributes loses two bytes', () => {
  const payload = Buffer.from('030001', 'hex');
  const plain = plainQuery(Buffer.concat([payload, latin1('SELECT 1')]));
  expect(plain).toEqual({ payload: query('SELECT 1'), attributes: [] });
});

test('attributes of a query: a text, a number and a NULL', () => {
  const payload = new PayloadWriter()
    .u8(3)
    .lenencInt(4)
    .lenencInt(1)
    .u8(0b010)
    .u8(1)
    .u16(ColumnType.STRING)
    .lenencLatin1('trace')
    .u16(ColumnType.STRING)
    .lenencLatin1('none')
    .u16(ColumnType.LONGLONG | 0x8000)
    .lenencLatin1('n')
    .u16(ColumnType.STRING)
    .lenencLatin1('last')
    .lenencLatin1('abc')
    .u64(7n)
    .lenencLatin1('xyz')
    .bytes(latin1('SELECT 1'))
    .finish();
  expect(plainQuery(payload)).toEqual({
    payload: query('SELECT 1'),
    attributes: [
      { type: ColumnType.STRING, unsigned: false, name: 'trace', value: latin1('abc') },
      { type: ColumnType.STRING, unsigned: false, name: 'none', value: null },
      { type: ColumnType.LONGLONG, unsigned: true, name: 'n', value: 7n },
      { type: ColumnType.STRING, unsigned: false, name: 'last', value: latin1('xyz') },
    ],
  });
});

const execution = (types: boolean): Buffer => {
  const writer = new PayloadWriter()
    .u8(0x17)
    .u32(5)
    .u8(8)
    .u32(1)
    .lenencInt(3)
    .u8(0b001)
    .u8(types ? 1 : 0);
  if (types) {
    for (const name of ['', '', 'trace']) writer.u16(ColumnType.STRING).lenencLatin1(name);
  }
  return writer.lenencLatin1('second').lenencLatin1('abc').finish();
};

test('an execution with an attribute becomes one of its parameters alone', () => {
  const context = { parameterCount: 2, previousTypes: [], longData: new Map() };
  const first = plainExecution(execution(true), context);
  expect(first.attributes).toMatchObject([{ name: 'trace', value: latin1('abc') }]);
  const decoded = decodeStmtExecute(first.payload, { ...context, capabilities: 0 });
  expect(decoded).toMatchObject({ statementId: 5, cursorFlags: 0, newTypes: true });
  expect(decoded.parameters.map(({ value }) => value)).toEqual([null, latin1('second')]);

  const again = plainExecution(execution(false), { ...context, previousTypes: first.types });
  expect(again.attributes).toMatchObject([{ name: 'trace', value: latin1('abc') }]);
  const previousTypes = decoded.types;
  const repeated = decodeStmtExecute(again.payload, { ...context, previousTypes, capabilities: 0 });
  expect(repeated.parameters).toEqual(decoded.parameters);
});

test('an execution of a statement without parameters', () => {
  const payload = new PayloadWriter()
    .u8(0x17)
    .u32(5)
    .u8(8)
    .u32(1)
    .lenencInt(1)
    .u8(0)
    .u8(1)
    .u16(ColumnType.STRING)
    .lenencLatin1('trace')
    .lenencLatin1('abc')
    .finish();
  const context = { parameterCount: 0, previousTypes: [], longData: new Map() };
  const plain = plainExecution(payload, context);
  expect(plain.payload).toEqual(Buffer.from('17050000000001000000', 'hex'));
  expect(plain.attributes).toMatchObject([{ name: 'trace' }]);
});

test.each(['03ff01', '030002', '03fdffffff01', '0302010001'])('%s is refused', (hex) => {
  expect(() => plainQuery(Buffer.from(hex, 'hex'))).toThrow(/malformed/i);
});
