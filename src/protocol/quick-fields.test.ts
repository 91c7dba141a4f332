import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeOk, plainOk } from './ok-packet.ts';
import { PayloadWriter } from './packet-writer.ts';
import { encodeEof } from './eof-packet.ts';
import { columnCount, eofStatus, eofWarnings, okStatus, okWarnings } from './quick-fields.ts';

test('warnings are counted where OK and EOF packets have them', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(70_000), (warnings, affectedRows) => {
      expect(okWarnings(encodeOk({ ...plainOk(2), affectedRows, warnings }, 0))).toBe(warnings);
      expect(eofWarnings(encodeEof({ warnings, statusFlags: 2 }))).toBe(warnings);
    }),
  );
  expect(okWarnings(Buffer.of(0, 0, 0, 2, 0))).toBe(0);
});

test('the status of an OK packet is found behind counts of any size', () => {
  const count = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(count, count, fc.nat(0xffff), (affectedRows, lastInsertId, flags) => {
      const statusFlags = flags & ~0x4000;
      const ok = { ...plainOk(statusFlags), affectedRows, lastInsertId };
      expect(okStatus(encodeOk(ok, 0))).toBe(statusFlags);
    }),
  );
});

test('column counts up to what a server allows', () => {
  for (const count of [1, 250, 251, 4096]) {
    expect(columnCount(new PayloadWriter().lenencInt(count).finish())).toBe(count);
  }
  expect(() => columnCount(new PayloadWriter().lenencInt(70_000).finish())).toThrow('column count');
});

test('a packet that ends before its status is malformed', () => {
  expect(() => okStatus(Buffer.of(0, 0xfe, 1, 2))).toThrow('without status flags');
  expect(() => eofStatus(Buffer.of(0xfe, 0, 0, 2))).toThrow('without status flags');
});
