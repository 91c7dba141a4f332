import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { RecentWindow } from './recent-window.ts';

test('gives the same as the whole log would, as far back as its bytes allow', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(400), { maxLength: 60 }),
      fc.nat(3_000),
      fc.nat(70),
      fc.record({ entriesMax: fc.integer({ min: 1, max: 9 }), bytesMax: fc.nat(900) }),
      (sizes, bytesMax, from, limits) => {
        const window = new RecentWindow({ bytesMax, next: seq(5) });
        const all = sizes.map((size, at) => ({
          seq: seq(5 + at),
          kind: 'entry' as const,
          payload: Buffer.alloc(size),
        }));
        for (const record of all) window.add(record);
        const found = window.read(seq(from), limits);
        const next = 5 + all.length;
        if (from >= next) expect(found).toEqual([]);
        if (found === undefined || found.length === 0) return;
        expect(found).toEqual(all.slice(from - 5, from - 5 + found.length));
        const bytes = found.reduce((sum, record) => sum + record.payload.length, 0);
        expect(found.length === 1 || bytes <= limits.bytesMax).toBe(true);
        expect(found.length).toBeLessThanOrEqual(limits.entriesMax);
        const kept = all.slice(from - 5).reduce((sum, record) => sum + record.payload.length, 0);
        expect(kept).toBeLessThanOrEqual(bytesMax);
      },
    ),
  );
});

test('keeps what fits and forgets the oldest', () => {
  const window = new RecentWindow({ bytesMax: 10_000, next: seq(1) });
  const limits = { entriesMax: 1, bytesMax: 1 };
  for (let at = 1; at <= 20_000; at++) {
    window.add({ seq: seq(at), kind: 'entry', payload: Buffer.alloc(4) });
  }
  expect(window.read(seq(20_000 - 99), limits)).toHaveLength(1);
  expect(window.read(seq(20_000 - 101), limits)).toBeUndefined();
});
