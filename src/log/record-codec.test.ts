import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { decodeRecord, encodeRecord, type RecordKind, recordHeaderBytes } from './record-codec.ts';

const anyRecord = fc.record({
  kind: fc.constantFrom<RecordKind>('entry', 'intent', 'seal'),
  seq: fc.maxSafeNat().map(seq),
  payload: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
});
const anyPlace = fc.record({ salt: fc.nat(0xffff_ffff), batchStart: fc.nat(0x7fff_ffff) });

test('a record comes back as it was written, and only from its own place', () => {
  fc.assert(
    fc.property(anyRecord, anyPlace, fc.nat(50), (record, place, at) => {
      const target = Buffer.alloc(at + recordHeaderBytes + record.payload.length + 9, 0xee);
      const end = encodeRecord(target, at, record, place);
      expect(end).toBe(at + recordHeaderBytes + record.payload.length);
      const { salt, batchStart } = place;
      const found = decodeRecord(target, at, { salt, base: batchStart });
      const stored = { ...record, offset: batchStart + at, bytes: end - at, batchStart };
      expect(found).toEqual({ kind: 'record', record: stored });
      expect(decodeRecord(target, at, { salt, base: batchStart + 1 }).kind).toBe('bad');
      expect(decodeRecord(target, at, { salt: salt ^ 1, base: batchStart }).kind).toBe('bad');
      const short = decodeRecord(target.subarray(0, end - 1), at, { salt, base: batchStart });
      expect(short).toMatchObject({ kind: 'short' });
    }),
  );
});
