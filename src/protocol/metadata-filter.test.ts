import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capability } from './capabilities.ts';
import { encodeEof } from './eof-packet.ts';
import { filterPrepared, MetadataFilter, type ResultsetMetadata } from './metadata-filter.ts';
import { encodeOk, plainOk, resultEndHeader } from './ok-packet.ts';
import { encodePacket } from './packet-writer.ts';
import { ResponseScanner } from './response-scanner.ts';
import type { ResponseKind } from './response-sink.ts';
import { StatusFlag } from './status-flags.ts';
import { cutAt } from './testing/chunks.ts';

interface Result {
  readonly definitions: readonly Buffer[];
  readonly rows: readonly Buffer[];
}

const definition = (name: string): Buffer => Buffer.from(`\x03def\0\0\0${name}`, 'latin1');

/** As a server sends it, or as it should come to a client with the capability. */
function answer(
  results: readonly Result[],
  deprecateEof: boolean,
  metadata?: ResultsetMetadata,
): Buffer {
  const payloads = results.flatMap(({ definitions, rows }, index) => {
    const more = index < results.length - 1 ? StatusFlag.MORE_RESULTS_EXISTS : 0;
    const eof = encodeEof({ warnings: 0, statusFlags: more });
    const ok = encodeOk(plainOk(more), Capability.PROTOCOL_41, { header: resultEndHeader });
    const flag = metadata === undefined ? [] : [metadata === 'full' ? 1 : 0];
    return [
      Buffer.of(definitions.length, ...flag),
      ...(metadata === 'none' ? [] : definitions),
      ...(deprecateEof ? [] : [eof]),
      ...rows,
      deprecateEof ? ok : eof,
    ];
  });
  return numbered(payloads);
}

const numbered = (payloads: readonly Buffer[]): Buffer =>
  Buffer.concat(payloads.map((payload, index) => encodePacket(payload, (index + 1) & 0xff)));

/** What comes out for a server's answer that comes in these pieces. */
function filtered(pieces: readonly Buffer[], { metadata, deprecateEof, kind }: Filtering): Buffer {
  const filter = MetadataFilter.for(metadata, kind);
  if (!filter) throw new Error(`${kind} is not filtered`);
  const scanner = new ResponseScanner({ deprecateEof });
  const out: Buffer[] = [];
  scanner.begin(kind);
  for (const piece of pieces) {
    scanner.push(piece, 0, {
      onData: (bytes) => out.push(Buffer.from(filter.data(bytes))),
      onDefinitionsEnd: (raw) => out.push(Buffer.from(filter.end(raw))),
      onTerminal: ({ raw, last }) => {
        out.push(Buffer.from(filter.end(raw)));
        if (!last) filter.nextResult();
      },
      onLocalInfile: () => {},
    });
  }
  return Buffer.concat(out);
}

interface Filtering {
  readonly metadata: ResultsetMetadata;
  readonly deprecateEof: boolean;
  readonly kind: ResponseKind;
}

const row = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => {
  const [first = 0, ...rest] = bytes;
  return Buffer.of(first & 0x7f, ...rest);
});
const result = fc.record({
  definitions: fc.array(fc.string({ maxLength: 8 }).map(definition), {
    minLength: 1,
    maxLength: 300,
  }),
  rows: fc.array(row, { maxLength: 5 }),
});
const short = fc.record({
  definitions: fc.array(fc.string({ maxLength: 8 }).map(definition), {
    minLength: 1,
    maxLength: 4,
  }),
  rows: fc.array(row, { maxLength: 5 }),
});

describe('results for a client with OPTIONAL_RESULTSET_METADATA', () => {
  test.each(['full', 'none'] as const)('%s, however the bytes are cut', (metadata) => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(short, result).filter(({ definitions }) => definitions.length < 0xfb),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        fc.boolean(),
        fc.array(fc.nat(400), { maxLength: 12 }),
        (results, deprecateEof, cuts) => {
          const pieces = cutAt(answer(results, deprecateEof), cuts);
          const got = filtered(pieces, { metadata, deprecateEof, kind: 'query' });
          expect(got.equals(answer(results, deprecateEof, metadata))).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('an answer to COM_FIELD_LIST is its end alone, or as it was', () => {
    const eof = encodeEof({ warnings: 0, statusFlags: 2 });
    const bytes = numbered([definition('a'), definition('b'), eof]);
    const options = { deprecateEof: false, kind: 'field_list' } as const;
    const whole = filtered(cutAt(bytes, [6]), { ...options, metadata: 'full' });
    expect(whole).toEqual(bytes);
    expect(filtered(cutAt(bytes, [6]), { ...options, metadata: 'none' })).toEqual(numbered([eof]));
  });

  test('a prepared statement keeps its EOFs', () => {
    // 00 | id | 1 column | 1 parameter | 00 | no warnings. Source: page "COM_STMT_PREPARE".
    const ok = Buffer.of(0, 7, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0);
    const eof = encodeEof({ warnings: 0, statusFlags: 2 });
    const withEof = [ok, definition('?'), eof, definition('a'), eof];
    const flagged = (flag: number): Buffer => Buffer.concat([ok, Buffer.of(flag)]);
    expect(filterPrepared(numbered(withEof), 'full')).toEqual(
      numbered([flagged(1), ...withEof.slice(1)]),
    );
    expect(filterPrepared(numbered(withEof), 'none')).toEqual(numbered([flagged(0), eof, eof]));
    const without = numbered([ok, definition('?'), definition('a')]);
    expect(filterPrepared(without, 'none')).toEqual(numbered([flagged(0)]));
  });

  test('what has no definitions stays as it is', () => {
    for (const kind of ['fetch', 'simple', 'prepare', 'statistics'] as const) {
      expect(MetadataFilter.for('none', kind)).toBeUndefined();
    }
    expect(MetadataFilter.for(undefined, 'query')).toBeUndefined();
    const ok = numbered([encodeOk(plainOk(2), Capability.PROTOCOL_41)]);
    const options = { metadata: 'none', deprecateEof: true, kind: 'query' } as const;
    expect(filtered([ok], options)).toEqual(ok);
  });
});
