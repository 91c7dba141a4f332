import { describe, expect, test } from 'vitest';
import {
  ColumnFlag,
  ColumnType,
  decodeColumnDefinition,
  encodeColumnDefinition,
} from './column-definition.ts';
import { capture, payloads, serverNames } from './testing/captures.ts';

describe.each(serverNames)('columns of %s', (server) => {
  const [, id] = payloads(capture(server, 'select_plain').bytes);

  test('an auto-increment key', () => {
    const column = decodeColumnDefinition(id ?? Buffer.alloc(0));
    expect(column).toMatchObject({
      catalog: 'def',
      schema: 'fixture',
      table: 't',
      originalTable: 't',
      name: 'id',
      originalName: 'id',
      characterSet: 63,
      lengthMax: 11,
      type: ColumnType.LONG,
      decimals: 0,
    });
    expect(column.flags & ColumnFlag.AUTO_INCREMENT).not.toBe(0);
    expect(column.flags & ColumnFlag.UNSIGNED).toBe(0);
  });

  test('every column of the table of all types is encoded again byte for byte', () => {
    const packets = payloads(capture(server, 'types_plain').bytes).slice(1, 17);
    for (const packet of packets) {
      expect(encodeColumnDefinition(decodeColumnDefinition(packet))).toEqual(packet);
    }
    expect(packets.map((packet) => decodeColumnDefinition(packet).name).join('')).toBe(
      'abcdefghijklmnop',
    );
  });

  test('a definition of COM_FIELD_LIST, which has a default behind it', () => {
    const packet = payloads(capture(server, 'field_list_plain').bytes)[1] ?? Buffer.alloc(0);
    expect(decodeColumnDefinition(packet).name).toBe('name');
  });
});
