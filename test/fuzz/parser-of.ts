import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type FuzzProperty, fuzzProperty, outcome } from './fuzz-property.ts';
import { surrounded } from './hostile-bytes.ts';

/** Parsers of one payload: the same of the same bytes, whatever lies around them in memory. */
export function parserOf(payload: fc.Arbitrary<Buffer>) {
  return (name: string, parse: (payload: Buffer, number: number) => unknown): FuzzProperty =>
    fuzzProperty(name, fc.tuple(payload, fc.nat(0xffff_ffff)), ([bytes, number]) => {
      const [one, other] = surrounded(bytes);
      assert.deepEqual(
        outcome(() => parse(one, number)),
        outcome(() => parse(other, number)),
      );
    });
}
