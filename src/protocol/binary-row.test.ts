import { describe, expect, test } from 'vitest';
import { decodeBinaryRow, encodeBinaryRow } from './binary-row.ts';
import { decodeColumnDefinition } from './column-definition.ts';
import { capture, payloads, serverNames } from './testing/captures.ts';

describe.each(serverNames)('binary rows of %s', (server) => {
  const packets = payloads(capture(server, 'execute_types_plain').bytes);
  const columns = packets.slice(1, 17).map((packet) => decodeColumnDefinition(packet));
  const [row, nulls] = packets.slice(18, 20) as [Buffer, Buffer];

  test('every type has its value', () => {
    expect(decodeBinaryRow(row, columns)).toEqual([
      -5,
      65_535,
      -70_000,
      18_446_744_073_709_551_615n,
      1.5,
      -2.25e100,
      Buffer.from('-12345.678'),
      datetime(2024, 2, 29),
      datetime(2024, 2, 29, 12, 34, 56, 789),
      {
        kind: 'time',
        negative: true,
        days: 4,
        hours: 4,
        minutes: 0,
        seconds: 1,
        microseconds: 500_000,
      },
      Buffer.from('é€😀'),
      Buffer.of(0, 0xff, 0x27),
      2024,
      Buffer.of(1, 1),
      Buffer.from('y'),
      datetime(2024, 1, 2, 3, 4, 5),
    ]);
  });

  test('are encoded again byte for byte', () => {
    expect(encodeBinaryRow(decodeBinaryRow(row, columns), columns)).toEqual(row);
    expect(decodeBinaryRow(nulls, columns)).toEqual(Array(16).fill(null));
    expect(encodeBinaryRow(decodeBinaryRow(nulls, columns), columns)).toEqual(nulls);
  });
});

function datetime(...fields: number[]): unknown {
  const [year, month, day, hour = 0, minute = 0, second = 0, microsecond = 0] = fields;
  return { kind: 'datetime', year, month, day, hour, minute, second, microsecond };
}
