import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResponseScanner } from './response-scanner.ts';
import type { ResponseKind } from './response-sink.ts';
import { capture, captures, serverNames } from './testing/captures.ts';
import { madeUpAnswer, Recorder, scan } from './testing/scan.ts';
import type { WholeResult } from './whole-result.ts';

const junk = Buffer.of(9, 9, 9);

interface Answer {
  readonly name: string;
  readonly kind: ResponseKind;
  readonly deprecateEof: boolean;
  readonly bytes: Buffer;
}

/** Taken from the middle of a chunk, with what another answer might have behind it. */
function take({ kind, deprecateEof, bytes }: Answer): WholeResult | undefined {
  const scanner = new ResponseScanner({ deprecateEof });
  scanner.begin(kind);
  const whole = scanner.takeWhole(Buffer.concat([junk, bytes, junk]), junk.length);
  expect(scanner.active).toBe(whole === undefined);
  return whole;
}

/** What the sink is told of the same piece by piece. */
function pieceByPiece({ kind, deprecateEof, bytes }: Answer) {
  const definitionsEnds: Buffer[] = [];
  class Pieces extends Recorder {
    onDefinitionsEnd(raw: Buffer): void {
      definitionsEnds.push(Buffer.from(raw));
      this.onData(raw);
    }
  }
  const pieces = new Pieces();
  const scanner = new ResponseScanner({ deprecateEof });
  scanner.begin(kind);
  scanner.push(bytes, 0, pieces);
  return { pieces, definitionsEnds };
}

function expectSame(answer: Answer, whole: WholeResult): void {
  const { pieces, definitionsEnds } = pieceByPiece(answer);
  const { bytes, definitionsEndAt, end } = whole;
  expect(bytes.equals(answer.bytes)).toBe(true);
  const taken = new Recorder();
  taken.onData(bytes.subarray(0, bytes.length - end.raw.length));
  taken.onTerminal(end);
  expect(taken.summary).toBe(pieces.summary);
  const [definitionsEnd] = definitionsEnds;
  expect(definitionsEndAt < 0).toBe(definitionsEnd === undefined);
  const there = bytes.subarray(definitionsEndAt, definitionsEndAt + (definitionsEnd?.length ?? 0));
  expect(definitionsEnd === undefined || there.equals(definitionsEnd)).toBe(true);
  // What is changed in the one is changed in the other.
  expect(end.raw.buffer).toBe(bytes.buffer);
}

describe.each(serverNames)('answers of %s', (server) => {
  const answers = captures(server).filter(({ kind }) => kind !== 'greeting') as Answer[];

  test('a result set that is all there is taken as what it is piece by piece', () => {
    const names = answers.flatMap((given) => {
      const whole = take(given);
      if (whole) expectSame(given, whole);
      return whole ? [given.name] : [];
    });
    expect(names).toEqual(
      expect.arrayContaining([
        ...['select_plain', 'select_deprecate_eof', 'empty_plain', 'empty_deprecate_eof'],
        ...['warning_plain', 'warning_deprecate_eof', 'in_transaction_plain'],
      ]),
    );
    // OK and ERR, several results, rows to be fetched, and what answers no query.
    const others = /^(insert|error|multi|ping|prepare|fetch|field_list|infile|execute_c)/;
    expect(names.filter((name) => others.test(name))).toEqual([]);
  });

  test('one of which a byte is still to come is not', () => {
    for (const given of answers) {
      for (let end = 0; end < given.bytes.length; end += 1) {
        const scanner = new ResponseScanner({ deprecateEof: given.deprecateEof });
        scanner.begin(given.kind);
        expect(scanner.takeWhole(given.bytes.subarray(0, end), 0), given.name).toBeUndefined();
      }
    }
  });
});

test('of made-up answers those with one result are taken, and no others', () => {
  const property = fc.property(madeUpAnswer, ({ deprecateEof, bytes, rows }) => {
    const answer: Answer = { name: 'made up', kind: 'query', deprecateEof, bytes };
    const whole = take(answer);
    expect(whole !== undefined).toBe(rows.length === 1);
    if (whole) expectSame(answer, whole);
  });
  fc.assert(property, { numRuns: 300 });
});

test('what has begun piece by piece goes on so', () => {
  const { bytes } = capture('mariadb', 'select_plain');
  for (const cut of [1, 3, 5, 20]) {
    const scanner = new ResponseScanner({ deprecateEof: false });
    scanner.begin('query');
    scanner.push(bytes.subarray(0, cut), 0, new Recorder());
    // The same answer once more: it is none for a scanner that is in the middle of one.
    expect(scanner.takeWhole(bytes, 0)).toBeUndefined();
  }
});

test('a long one is passed on as it comes', () => {
  const row = Buffer.concat([Buffer.of(0xfd, 0, 0, 1), Buffer.alloc(0x1_00_00)]);
  const header = Buffer.of(row.length & 0xff, (row.length >> 8) & 0xff, row.length >> 16, 4);
  const before = Buffer.of(1, 0, 0, 1, 1, 1, 0, 0, 2, 3, 5, 0, 0, 3, 0xfe, 0, 0, 2, 0);
  const end = Buffer.of(5, 0, 0, 5, 0xfe, 0, 0, 2, 0);
  const bytes = Buffer.concat([before, header, row, end]);
  expect(scan({ kind: 'query', deprecateEof: false, chunks: [bytes] }).rows).toEqual([1]);
  expect(take({ name: 'long', kind: 'query', deprecateEof: false, bytes })).toBeUndefined();
});
