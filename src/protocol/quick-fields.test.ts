import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeOk, encodeOk, plainOk } from './ok-packet.ts';
import { PayloadWriter } from './packet-writer.ts';
import { encodeEof } from './eof-packet.ts';
import {
  columnCount,
  eofStatus,
  eofWarnings,
  okCounts,
  okStatus,
  okWarnings,
} from './quick-fields.ts';

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

test('what an OK packet tells of its statement is read as the full decoder reads it', () => {
  const count = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const info = fc.string({ maxLength: 300 }).map((text) => text.replaceAll(/[^ -~]/g, '.'));
  fc.assert(
    fc.property(fc.oneof(count, fc.constant(1n)), count, info, (rows, lastInsertId, text) => {
      const bytes = encodeOk({ ...plainOk(2), affectedRows: rows, lastInsertId, info: text }, 0);
      const whole = decodeOk(bytes, 0);
      expect(okCounts(bytes)).toEqual({
        affectedRows: Number(whole.affectedRows),
        insertId: String(whole.lastInsertId),
        info: whole.info,
      });
    }),
  );
  expect(() => okCounts(Buffer.of(0, 0, 0, 2, 0))).toThrow('without status flags');
  expect(() => okCounts(Buffer.of(0, 0, 0, 2, 0, 0, 0, 9, 65))).toThrow('cut short');
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
