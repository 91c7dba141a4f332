import { describe, expect, test } from 'vitest';
import { ColumnType } from './column-definition.ts';
import { encodeColumnDefinition } from './column-definition.ts';
import { encodeEof } from './eof-packet.ts';
import { encodePacket } from './packet-writer.ts';
import { parseTextResults } from './result-set.ts';
import type { TextResult } from './result-set.ts';
import { capture, serverNames } from './testing/captures.ts';
import type { ServerName } from './testing/captures.ts';
import { encodeTextRow } from './text-row.ts';

function results(server: ServerName, name: string): TextResult[] {
  const { bytes, capabilities } = capture(server, name);
  return parseTextResults(bytes, capabilities);
}

describe.each(serverNames)('results of %s', (server) => {
  test.each(['select_plain', 'select_deprecate_eof', 'select_track'])('%s', (name) => {
    const [result, ...others] = results(server, name);
    expect(others).toEqual([]);
    if (result?.kind !== 'rows') return expect.unreachable();
    expect(result.columns.map((column) => column.name)).toEqual(['id', 'name', 'n']);
    expect(result.rows).toEqual([
      ['1', 'é', '2'],
      ['2', 'b', '3'],
      ['3', null, '4'],
    ]);
  });

  test.each(['multi_plain', 'multi_deprecate_eof', 'multi_track'])('%s', (name) => {
    const [first, second, third, fourth, ...others] = results(server, name);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ kind: 'rows', rows: [['1']] });
    expect(second).toMatchObject({ kind: 'ok', ok: { info: expect.stringContaining('matched') } });
    expect(third).toMatchObject({ kind: 'rows', rows: [['2', '3']] });
    expect(fourth?.kind).toBe('ok');
  });

  test('no rows, an error, an error after results, an error among rows', () => {
    expect(results(server, 'empty_plain')).toMatchObject([{ kind: 'rows', rows: [] }]);
    expect(results(server, 'error_plain')).toMatchObject([{ kind: 'err', error: { errno: 1146 } }]);
    expect(results(server, 'multi_error_plain').map(({ kind }) => kind)).toEqual(['rows', 'err']);
    expect(results(server, 'error_in_rows_plain')).toMatchObject([
      { kind: 'err', error: { errno: 1242 } },
    ]);
  });

  test('a result that is not whole is malformed', () => {
    const { bytes, capabilities } = capture(server, 'select_plain');
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => parseTextResults(bytes.subarray(0, length), capabilities)).toThrow('not whole');
    }
  });
});

test('a value of 16 MB is a row, not an end', () => {
  const long = 'x'.repeat(0xffffff + 10);
  const column = {
    catalog: 'def',
    schema: '',
    table: '',
    originalTable: '',
    name: 'long',
    originalName: '',
    characterSet: 45,
    lengthMax: 0,
    type: ColumnType.LONG_BLOB,
    flags: 0,
    decimals: 0,
  };
  const eof = encodeEof({ warnings: 0, statusFlags: 2 });
  const payloads = [Buffer.of(1), encodeColumnDefinition(column), eof, encodeTextRow([long]), eof];
  const bytes = Buffer.concat(payloads.map((payload, index) => encodePacket(payload, index + 1)));
  const [result] = parseTextResults(bytes, 0);
  if (result?.kind !== 'rows') return expect.unreachable();
  expect(result.rows[0]?.[0] === long).toBe(true);
});
