import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeEof } from './eof-packet.ts';
import { encodeOk, plainOk } from './ok-packet.ts';
import { encodePacket, partBytesMax } from './packet-writer.ts';
import { ResponseScanner } from './response-scanner.ts';
import type { ResponseKind } from './response-sink.ts';
import { capture, captures, serverNames } from './testing/captures.ts';
import type { Capture } from './testing/captures.ts';
import { cutAt } from './testing/chunks.ts';
import { madeUpAnswer, Recorder, scan } from './testing/scan.ts';

const scanCapture = ({ kind, deprecateEof, bytes }: Capture, cuts: number[] = []): Recorder =>
  scan({ kind: kind as ResponseKind, deprecateEof, chunks: cutAt(bytes, cuts) });

const responses = (server: (typeof serverNames)[number]): Capture[] =>
  captures(server).filter(({ kind }) => kind !== 'greeting');

describe.each(serverNames)('answers of %s', (server) => {
  test.each<[string, string[]]>([
    ['insert_plain', ['ok 2 #0 last']],
    ['error_plain', ['err 0 #0 last']],
    ['warning_plain', ['data', 'eof 2 #0 last']],
    ['warning_deprecate_eof', ['data', 'result_end_ok 2 #0 last']],
    ['empty_plain', ['data', 'eof 2 #0 last']],
    ['empty_deprecate_eof', ['data', 'result_end_ok 2 #0 last']],
    ['multi_plain', ['data', 'eof a #0', 'ok 2a #1', 'data', 'eof a #2', 'ok 2 #3 last']],
    ['multi_error_plain', ['data', 'eof a #0', 'err 0 #1 last']],
    ['error_in_rows_plain', ['data', 'err 0 #0 last']],
    ['error_in_rows_deprecate_eof', ['data', 'err 0 #0 last']],
    ['in_transaction_plain', ['data', 'eof 3 #0 last']],
    ['ping_plain', ['ok 2 #0 last']],
    ['set_option_plain', ['eof 2 #0 last']],
    ['set_option_deprecate_eof', ['result_end_ok 2 #0 last']],
    ['statistics_plain', ['data']],
    ['field_list_plain', ['data', 'eof 2 #0 last']],
    ['field_list_deprecate_eof', ['data', 'result_end_ok 2 #0 last']],
    ['field_list_error_plain', ['err 0 #0 last']],
    ['prepare_plain', ['data']],
    ['prepare_no_columns_plain', ['data']],
    ['prepare_no_parameters_deprecate_eof', ['data']],
    ['prepare_nothing_plain', ['data']],
    ['prepare_error_plain', ['err 0 #0 last']],
    ['execute_cursor_plain', ['data', 'eof 42 #0 last']],
    ['execute_cursor_deprecate_eof', ['data', 'result_end_ok 42 #0 last']],
    ['fetch_one_plain', ['data', 'eof 42 #0 last']],
    ['fetch_rest_deprecate_eof', ['data', 'result_end_ok 82 #0 last']],
    ['reset_statement_error_plain', ['err 0 #0 last']],
    ['infile_plain', ['infile /x/\xc3\xa9']],
    ['infile_end_plain', ['ok 2 #0 last']],
  ])('%s', (name, told) => {
    // MySQL counts warnings of its own in some answers; flags about indexes differ too.
    const plain = (what: string): string => what.replace(/\b22\b/, '2');
    expect(scanCapture(capture(server, name)).told.map(plain)).toEqual(told);
  });

  test('OUT parameters are a result of their own, and an OK follows', () => {
    for (const name of ['execute_call_plain', 'execute_call_deprecate_eof', 'execute_call_track']) {
      const { told } = scanCapture(capture(server, name));
      const ends = told.filter((what) => what !== 'data');
      expect(ends).toHaveLength(4);
      expect(ends.map((what) => what.endsWith('last'))).toEqual([false, false, false, true]);
      expect(ends.at(-1)).toMatch(/^ok .* #3 last$/);
    }
  });

  test('every byte is passed on once and in order, and each response ends', () => {
    for (const given of responses(server)) {
      const recorder = scanCapture(given);
      expect(recorder.bytes.equals(given.bytes), given.name).toBe(true);
      expect((recorder as unknown as { active: boolean }).active, given.name).toBe(
        given.name.startsWith('infile_') && !given.name.startsWith('infile_end'),
      );
    }
  });

  test('a cut at any byte, and a cut at every byte, change nothing', () => {
    for (const given of responses(server)) {
      const whole = scanCapture(given);
      for (let at = 1; at < given.bytes.length; at += 1) {
        expect(scanCapture(given, [at]).summary, `${given.name} at ${at}`).toBe(whole.summary);
      }
      const everywhere = scanCapture(given, [...given.bytes.keys()]);
      expect(everywhere.summary, given.name).toBe(whole.summary);
    }
  });

  test('the answer to prepare is shown as well as forwarded', () => {
    const given = capture(server, 'prepare_plain');
    for (const cuts of [[], [7]]) {
      const [payload] = scanCapture(given, cuts).prepared;
      expect(payload).toEqual(given.bytes.subarray(4, 4 + given.bytes.readUIntLE(0, 3)));
    }
    expect(scanCapture(capture(server, 'prepare_error_plain')).prepared).toEqual([]);
  });

  test('rows are forwarded in one piece a chunk, as views', () => {
    const given = capture(server, 'select_plain');
    const scanner = new ResponseScanner({ deprecateEof: false });
    const pieces: Buffer[] = [];
    scanner.begin('query');
    scanner.push(given.bytes, 0, {
      onData: (bytes) => pieces.push(bytes),
      onTerminal: ({ raw }) => expect(raw.buffer).toBe(given.bytes.buffer),
      onLocalInfile: () => expect.unreachable(),
    });
    expect(pieces).toHaveLength(1);
    expect(pieces[0]?.buffer).toBe(given.bytes.buffer);
  });
});

test('any answer in any chunks gives the same events', () => {
  fc.assert(
    fc.property(madeUpAnswer, fc.array(fc.nat(400)), ({ rows, told, ...given }, cuts) => {
      const recorder = scan({
        kind: 'query',
        deprecateEof: given.deprecateEof,
        chunks: cutAt(given.bytes, cuts),
      });
      expect(recorder.told).toEqual(told);
      expect(recorder.rows).toEqual(rows);
      expect(recorder.bytes.equals(given.bytes)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

describe('rows of 16 MB and more', () => {
  // The worst there is: each part begins like an EOF or an ERR.
  const payload = Buffer.alloc(2 * partBytesMax + 1, 0xfe);
  payload[partBytesMax] = 0xff;
  payload[2 * partBytesMax] = 0xfe;
  const exact = payload.subarray(0, partBytesMax);

  test.each([true, false])('are no terminals, deprecateEof %s', (deprecateEof) => {
    const end = deprecateEof
      ? encodeOk(plainOk(2), 0, { header: 0xfe })
      : encodeEof({ warnings: 0, statusFlags: 2 });
    const packets = [
      encodePacket(Buffer.of(1), 1),
      encodePacket(Buffer.of(3), 2),
      ...(deprecateEof ? [] : [encodePacket(encodeEof({ warnings: 0, statusFlags: 2 }), 3)]),
      encodePacket(payload, 4),
      encodePacket(exact, 7),
      encodePacket(end, 9),
    ];
    const bytes = Buffer.concat(packets);
    const edge = bytes.length - 4 - end.length;
    const emptyPart = edge - 4;
    for (const cuts of [
      [],
      [emptyPart, emptyPart + 2, edge],
      [emptyPart + 4, edge + 4],
      [edge - 6],
    ]) {
      const {
        told,
        rows,
        bytes: passed,
      } = scan({
        kind: 'query',
        deprecateEof,
        chunks: cutAt(bytes, cuts),
      });
      expect(told).toEqual(['data', expect.stringMatching(/(eof|result_end_ok) 2 #0 last/)]);
      expect(rows).toEqual([2]);
      expect(passed.equals(bytes)).toBe(true);
    }
  });
});

test('a definition of 16 MB counts once', () => {
  const second = Buffer.of(0xfe, 0, 0, 2, 0, 0, 0);
  const payloads = [Buffer.of(2), Buffer.alloc(partBytesMax + 3), second, Buffer.of(0xfb)];
  const end = encodeOk(plainOk(2), 0, { header: 0xfe });
  const bytes = Buffer.concat([...payloads, end].map((each, at) => encodePacket(each, at + 1)));
  const { told } = scan({ kind: 'query', deprecateEof: true, chunks: [bytes] });
  expect(told).toEqual(['data', 'result_end_ok 2 #0 last']);
});

test('an empty row does not take the next header for its first byte', () => {
  const row = Buffer.alloc(0xfe, 1);
  const end = encodeOk(plainOk(2), 0, { header: 0xfe });
  const payloads = [Buffer.of(1), Buffer.of(3), Buffer.alloc(0), row, end];
  const bytes = Buffer.concat(payloads.map((payload, at) => encodePacket(payload, at + 1)));
  for (const cuts of [[], [...bytes.keys()]]) {
    const { told } = scan({ kind: 'query', deprecateEof: true, chunks: cutAt(bytes, cuts) });
    expect(told).toEqual(['data', 'result_end_ok 2 #0 last']);
  }
});

describe('the end of a response', () => {
  const ok = encodePacket(encodeOk(plainOk(2), 0), 1);

  test('bytes of the next response are not consumed, even if the sink begins it at once', () => {
    const scanner = new ResponseScanner({ deprecateEof: true });
    const recorder = new Recorder();
    const begin = recorder.onTerminal.bind(recorder);
    recorder.onTerminal = (terminal) => {
      begin(terminal);
      if (recorder.events.length < 2) scanner.begin('simple');
    };
    const chunk = Buffer.concat([Buffer.of(9, 9), ok, ok]);
    scanner.begin('query');
    expect(scanner.push(chunk, 2, recorder)).toBe(ok.length);
    expect(scanner.active).toBe(true);
    expect(scanner.push(chunk, 2 + ok.length, recorder)).toBe(ok.length);
    expect(scanner.active).toBe(false);
    expect(recorder.told).toEqual(['ok 2 #0 last', 'ok 2 #0 last']);
  });

  test('rows are counted anew for each', () => {
    const scanner = new ResponseScanner({ deprecateEof: true });
    const recorder = new Recorder();
    const end = encodePacket(encodeOk(plainOk(2), 0, { header: 0xfe }), 2);
    const rows = Buffer.concat([encodePacket(Buffer.of(0, 1), 1), end]);
    for (let at = 0; at < 3; at += 1) {
      scanner.begin('fetch');
      scanner.push(rows, 0, recorder);
    }
    expect(recorder.rows).toEqual([1, 1, 1]);
  });

  test('nothing is consumed before a response has begun', () => {
    const scanner = new ResponseScanner({ deprecateEof: true });
    expect(scanner.push(ok, 0, new Recorder())).toBe(0);
  });

  test('a response that broke off leaves nothing behind for the next', () => {
    const scanner = new ResponseScanner({ deprecateEof: true });
    const recorder = new Recorder();
    scanner.begin('query');
    scanner.push(ok.subarray(0, 6), 0, recorder);
    scanner.begin('query');
    scanner.push(ok, 0, recorder);
    expect(recorder.told).toEqual(['ok 2 #0 last']);
  });
});

describe('what no server sends is malformed', () => {
  test.each<[string, ResponseKind, number[]]>([
    ['an empty first packet', 'query', [0, 0, 0, 1]],
    ['rows as the answer to a simple command', 'simple', [1, 0, 0, 1, 5]],
    ['a short answer to prepare', 'prepare', [2, 0, 0, 1, 0, 1]],
    ['an OK without status flags', 'query', [3, 0, 0, 1, 0, 0, 0]],
    ['no EOF after definitions', 'query', [1, 0, 0, 1, 1, 1, 0, 0, 2, 3, 1, 0, 0, 3, 7]],
    ['too wide a column count', 'query', [5, 0, 0, 1, 0xfd, 1, 0, 0, 0]],
  ])('%s', (_, kind, bytes) => {
    expect(() => scan({ kind, deprecateEof: false, chunks: [Buffer.from(bytes)] })).toThrow(
      'Malformed packet',
    );
  });
});
