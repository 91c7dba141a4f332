import { expect, test } from 'vitest';
import { decodeEof, encodeEof, isEof } from './eof-packet.ts';
import { StatusFlag } from './status-flags.ts';
import { capture, payloads, serverNames } from './testing/captures.ts';

test.each(serverNames)('the EOFs of %s', (server) => {
  const packets = payloads(capture(server, 'warning_plain').bytes);
  const last = packets.at(-1) ?? Buffer.alloc(0);
  expect(decodeEof(last)).toEqual({ warnings: 1, statusFlags: StatusFlag.AUTOCOMMIT });
  expect(encodeEof(decodeEof(last))).toEqual(last);
  expect(packets.filter(isEof)).toHaveLength(2);
});

test('a row that begins with a very long value is no EOF', () => {
  expect(isEof(Buffer.from([0xfe, 0, 0, 0, 1, 0, 0, 0, 0]))).toBe(false);
});
