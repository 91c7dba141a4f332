import { expect, test } from 'vitest';
import { encodePacket, partBytesMax } from './packet-writer.ts';

test('a packet has its length and sequence id before it', () => {
  expect(encodePacket(Buffer.from('abc'), 7)).toEqual(Buffer.from('\x03\0\0\x07abc', 'latin1'));
});

test('a payload of 0xffffff bytes is followed by an empty part', () => {
  const packet = encodePacket(Buffer.alloc(partBytesMax, 1), 255);
  expect(packet.subarray(0, 4)).toEqual(Buffer.of(0xff, 0xff, 0xff, 255));
  expect(packet.subarray(4 + partBytesMax)).toEqual(Buffer.of(0, 0, 0, 0));
});

test('a payload above that goes on in the next part', () => {
  const packet = encodePacket(Buffer.alloc(partBytesMax + 2, 1), 3);
  expect(packet.subarray(4 + partBytesMax)).toEqual(Buffer.of(2, 0, 0, 4, 1, 1));
});
