import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LockstepError } from '../base/errors.ts';
import { PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

describe('what a writer writes a reader reads', () => {
  test('length-encoded integers of every size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(64), (value, shift) => {
        const small = value >> BigInt(shift);
        const reader = new PayloadReader(new PayloadWriter().lenencInt(small).finish());
        expect(reader.lenencBigInt()).toBe(small);
        expect(reader.atEnd).toBe(true);
      }),
    );
  });

  test('length-encoded integers at the edges take the bytes the protocol says', () => {
    const bytes = (value: number): number => new PayloadWriter().lenencInt(value).length;
    expect([250, 251, 0xffff, 0x10000, 0xffffff, 0x1000000].map(bytes)).toEqual([1, 3, 3, 4, 4, 9]);
  });

  test('fields of fixed length, one behind the other, past the first buffer', () => {
    const payload = new PayloadWriter(1)
      .u8(0xfe)
      .u16(0xfedc)
      .u24(0xfedcba)
      .u32(0xfedcba98)
      .u64(0xfedcba9876543210n)
      .i64(-2n)
      .float(1.5)
      .double(-2.25e100)
      .lenencLatin1('é')
      .nullTerminated(Buffer.from('ab'))
      .zeros(3)
      .bytes(Buffer.of(1, 2))
      .finish();
    const reader = new PayloadReader(payload);
    expect([reader.u8(), reader.u16(), reader.u24(), reader.u32()]).toEqual([
      0xfe, 0xfedc, 0xfedcba, 0xfedcba98,
    ]);
    expect([reader.u64(), reader.i64()]).toEqual([0xfedcba9876543210n, -2n]);
    expect([reader.float(), reader.double()]).toEqual([1.5, -2.25e100]);
    expect(reader.lenencBytes()).toEqual(Buffer.of(0xe9));
    expect(reader.nullTerminated().toString()).toBe('ab');
    reader.advance(3);
    expect(reader.rest()).toEqual(Buffer.of(1, 2));
    expect(reader.remaining).toBe(0);
  });
});

describe('a payload that ends too early is malformed', () => {
  const reads: Record<string, [Buffer, (reader: PayloadReader) => unknown]> = {
    u32: [Buffer.of(1, 2, 3), (reader) => reader.u32()],
    'length-encoded bytes': [Buffer.of(5, 1), (reader) => reader.lenencBytes()],
    'an endless string': [Buffer.from('ab'), (reader) => reader.nullTerminated()],
    'NULL as a length': [Buffer.of(0xfb), (reader) => reader.lenencInt()],
    'a length above 2^53': [
      Buffer.of(0xfe, 0, 0, 0, 0, 0, 0, 0xff, 0xff),
      (reader) => reader.lenencInt(),
    ],
  };
  test.each(Object.entries(reads))('%s', (_, [payload, read]) => {
    expect(() => read(new PayloadReader(payload))).toThrow(LockstepError);
  });

  test('and the offset stays where it was', () => {
    const reader = new PayloadReader(Buffer.of(1, 2, 3));
    expect(() => reader.u32()).toThrow('4 bytes wanted at 0 of 3');
    expect(reader.u8()).toBe(1);
  });
});

test('NULL of a text row is told from an empty string', () => {
  const reader = new PayloadReader(Buffer.of(0xfb, 0));
  expect(reader.nullableLenencBytes()).toBeNull();
  expect(reader.nullableLenencBytes()).toEqual(Buffer.alloc(0));
});
