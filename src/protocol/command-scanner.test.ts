import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PacketAssembler } from './command-scanner.ts';
import type { AssembledPacket } from './command-scanner.ts';
import { encodePacket, headerBytes, partBytesMax } from './packet-writer.ts';
import { cutAt } from './testing/chunks.ts';

const unlimited = { payloadBytesMax: Infinity };

function assemble(chunks: readonly Buffer[]): AssembledPacket[] {
  const assembler = new PacketAssembler(unlimited);
  return chunks.flatMap((chunk) => assembler.push(chunk));
}

test('any chunking gives the same packets', () => {
  const payload = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(payload), fc.array(fc.nat(300)), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map((each, index) => encodePacket(each, index)));
      const packets = assemble(cutAt(bytes, cuts));
      expect(packets.map((packet) => packet.payload)).toEqual(sent);
      expect(packets.map((packet) => packet.sequenceId)).toEqual([...sent.keys()]);
      expect(Buffer.concat(packets.map((packet) => packet.raw))).toEqual(bytes);
    }),
  );
});

test('a packet that lies in one chunk is a view into it', () => {
  const chunk = Buffer.concat([encodePacket(Buffer.from('one'), 0), encodePacket(Buffer.of(2), 1)]);
  for (const { payload, raw } of assemble([chunk])) {
    expect(payload.buffer).toBe(chunk.buffer);
    expect(raw.buffer).toBe(chunk.buffer);
  }
});

describe('packets above 16 MB', () => {
  const payload = Buffer.alloc(2 * partBytesMax + 5);
  for (let at = 0; at < payload.length; at += 4093) payload[at] = at & 0xff;
  const bytes = encodePacket(payload, 9);

  test('are joined, in one chunk or in many, and keep their raw bytes', () => {
    const edge = partBytesMax + 4;
    for (const cuts of [[], [edge - 1, edge, edge + 2], [2, 70_000, 2 * edge + 1]]) {
      const [packet, ...others] = assemble(cutAt(bytes, cuts));
      expect(others).toEqual([]);
      expect(packet?.payload.equals(payload)).toBe(true);
      expect(packet?.raw.equals(bytes)).toBe(true);
      expect(packet?.sequenceId).toBe(11);
    }
  });

  test('a payload of exactly 0xffffff bytes ends with its empty part', () => {
    const exact = encodePacket(payload.subarray(0, partBytesMax), 0);
    const [packet] = assemble(cutAt(exact, [exact.length - 2]));
    expect(packet?.payload.length).toBe(partBytesMax);
    expect(packet?.sequenceId).toBe(1);
  });

  test('are refused by the header of the part that passes the limit, before its body', () => {
    const assembler = new PacketAssembler({ payloadBytesMax: partBytesMax + 10 });
    const secondHeader = partBytesMax + 4;
    expect(assembler.push(bytes.subarray(0, secondHeader + 3))).toEqual([]);
    expect(() => assembler.push(bytes.subarray(secondHeader + 3, secondHeader + 4))).toThrow(
      'limits.packet_bytes',
    );
    expect(assembler.lastSequenceId).toBe(10);
  });
});

test('the limit holds for packets of one part too', () => {
  const assembler = new PacketAssembler({ payloadBytesMax: 3 });
  expect(assembler.push(encodePacket(Buffer.alloc(3), 0))).toHaveLength(1);
  expect(() => assembler.push(encodePacket(Buffer.alloc(4), 5))).toThrow('limits.packet_bytes');
  expect(assembler.lastSequenceId).toBe(5);
});

test('what is over the limit can be passed over, in one chunk or in many', () => {
  const kept = encodePacket(Buffer.from('abc'), 0);
  const large = encodePacket(Buffer.alloc(2 * partBytesMax + 5), 0);
  const bytes = Buffer.concat([kept, large, encodePacket(Buffer.alloc(9), 4), kept]);
  const edge = kept.length + partBytesMax + 4;
  for (const cuts of [[], [edge - 1, edge, edge + 2], [2, 9, 70_000, 2 * edge + 1]]) {
    const assembler = new PacketAssembler({ payloadBytesMax: 3, report: true });
    const packets = cutAt(bytes, cuts).flatMap((chunk) => assembler.push(chunk));
    expect(packets.map(({ oversized }) => oversized)).toEqual([false, true, true, false]);
    expect(packets.map(({ sequenceId }) => sequenceId)).toEqual([0, 2, 4, 0]);
    expect(packets.map(({ payload }) => payload.toString())).toEqual(['abc', '', '', 'abc']);
    expect(assembler.partial).toBe(false);
  }
});

test('a part that is out of order is the last that is looked at', () => {
  const first = Buffer.alloc(headerBytes + partBytesMax);
  first.writeUIntLE(partBytesMax, 0, 3);
  const bytes = Buffer.concat([
    first,
    encodePacket(Buffer.of(1), 5),
    encodePacket(Buffer.of(2), 0),
  ]);
  const reporting = new PacketAssembler({ payloadBytesMax: 2 * partBytesMax, report: true });
  const [packet, ...more] = reporting.push(bytes);
  expect(packet).toMatchObject({ disordered: true, sequenceId: 0, payload: Buffer.alloc(0) });
  expect([...more, ...reporting.push(encodePacket(Buffer.of(3), 0))]).toEqual([]);
  expect(() => new PacketAssembler({ payloadBytesMax: 2 * partBytesMax }).push(bytes)).toThrow(
    'out of order',
  );
  // Inside compressed frames the numbers of packets mean nothing.
  const inFrames = new PacketAssembler({ payloadBytesMax: 2 * partBytesMax, numbered: false });
  const numbers = inFrames.push(bytes).map(({ firstSequenceId }) => firstSequenceId);
  expect(numbers).toEqual([undefined, undefined]);
});

test('the limit is for each packet, however they are cut', () => {
  const assembler = new PacketAssembler({ payloadBytesMax: 3 });
  const bytes = Buffer.concat([0, 1, 2].map((id) => encodePacket(Buffer.alloc(3), id)));
  const pieces = cutAt(bytes, [...bytes.keys()]);
  expect(pieces.flatMap((piece) => assembler.push(piece))).toHaveLength(3);
});

test('one at a time leaves what is no packet alone: TLS behind a request for it', () => {
  const request = encodePacket(Buffer.alloc(32), 1);
  const chunk = Buffer.concat([Buffer.of(0xaa), request, Buffer.from('160301ffff', 'hex')]);
  const assembler = new PacketAssembler({ payloadBytesMax: 1000 });
  const { packet, consumed } = assembler.pushOne(chunk, 1);
  expect(packet?.payload).toEqual(Buffer.alloc(32));
  expect(consumed).toBe(request.length);
  expect(assembler.partial).toBe(false);
});

test('one at a time over chunks', () => {
  const assembler = new PacketAssembler(unlimited);
  const bytes = encodePacket(Buffer.from('abc'), 2);
  expect(assembler.pushOne(bytes.subarray(0, 5), 0)).toEqual({ packet: undefined, consumed: 5 });
  expect(assembler.partial).toBe(true);
  const rest = Buffer.concat([bytes.subarray(5), Buffer.from('tail')]);
  const { packet, consumed } = assembler.pushOne(rest, 0);
  expect([packet?.payload.toString(), consumed]).toEqual(['abc', 2]);
});
