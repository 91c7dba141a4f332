import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capture, payloads, serverNames } from './testing/captures.ts';
import { decodeTextRow, encodeTextRow } from './text-row.ts';

test.each(serverNames)('a row of all types from %s', (server) => {
  const packets = payloads(capture(server, 'types_plain').bytes);
  const row = packets.at(18) ?? Buffer.alloc(0);
  const values = decodeTextRow(row);
  expect(values.map((value) => value?.toString('latin1'))).toEqual([
    '-5',
    '65535',
    '-70000',
    '18446744073709551615',
    '1.5',
    '-2.25e100',
    '-12345.678',
    '2024-02-29',
    '2024-02-29 12:34:56.000789',
    '-100:00:01.500000',
    Buffer.from('é€😀').toString('latin1'),
    '\0\xff\x27',
    '2024',
    '\x01\x01',
    'y',
    '2024-01-02 03:04:05',
  ]);
  expect(encodeTextRow(values)).toEqual(row);
  expect(decodeTextRow(packets.at(19) ?? Buffer.alloc(0))).toEqual(Array(16).fill(null));
});

test('any values are read as they were written', () => {
  const value = fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));
  fc.assert(
    fc.property(fc.array(value), (values) => {
      expect(decodeTextRow(encodeTextRow(values))).toEqual(values);
    }),
  );
});
