import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CompressedFrame,
  CompressedFrameReader,
  encodeFrame,
  splitCommands,
} from './compressed-frame.ts';
import { encodePacket, partBytesMax } from './packet-writer.ts';
import { cutAt } from './testing/chunks.ts';

test('any chunking gives the same frames', () => {
  const body = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const frame = fc.record({
    sequenceId: fc.nat(255),
    plainBytes: fc.nat(0xff_ffff),
    body,
  });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(300)), (sent, cuts) => {
      const reader = new CompressedFrameReader();
      const bytes = Buffer.concat(sent.map(encodeFrame));
      const frames = cutAt(bytes, cuts).flatMap((chunk): CompressedFrame[] => reader.push(chunk));
      expect(frames).toEqual(sent);
    }),
  );
});

test('an empty frame is refused: nothing would ever come of it', () => {
  expect(() => new CompressedFrameReader().push(Buffer.alloc(7))).toThrow('Malformed packet');
});

test('commands that were sent together are told apart, also one of several parts', () => {
  const large = encodePacket(Buffer.alloc(partBytesMax + 1), 0);
  const small = encodePacket(Buffer.of(1, 2, 3), 0);
  const file = encodePacket(Buffer.from('goes on'), 4);
  const split = splitCommands(Buffer.concat([small, large, small]));
  expect(split.map(({ begins }) => begins)).toEqual([true, true, true]);
  // Byte by byte, the way of `toEqual`, 16 MB take minutes and gigabytes.
  const isSame = [small, large, small].map((bytes, at) => split[at]?.bytes.equals(bytes));
  expect(isSame).toEqual([true, true, true]);
  expect(splitCommands(file)).toEqual([{ bytes: file, begins: false }]);
});
