import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { CompressedFrameReader, encodeFrame } from '../protocol/compressed-frame.ts';
import { PacketAssembler } from '../protocol/command-scanner.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { CompressedStream } from './compressed-stream.ts';
import { hasZstd, zlibCodec, zstdCodec } from './compression-codec.ts';

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

/** Two sockets that are one connection. */
async function socketPair(): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  open.push(near, far);
  return [near, far];
}

/** The payloads that have come once there are `count`. */
async function received(stream: CompressedStream, count: number): Promise<Buffer[]> {
  const assembler = new PacketAssembler({ payloadBytesMax: Infinity });
  const payloads: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    for (const { payload } of assembler.push(chunk)) payloads.push(Buffer.from(payload));
    if (payloads.length === count) stream.emit('whole');
  });
  await once(stream, 'whole');
  return payloads;
}

test.each(['zlib', 'zstd'])('packets of every size arrive as they were, %s', async (method) => {
  if (method === 'zstd' && !hasZstd) return expect(() => zstdCodec(3)).toThrow(/22\.15/);
  const codec = method === 'zlib' ? zlibCodec : zstdCodec(3);
  const [near, far] = await socketPair();
  const asking = new CompressedStream(near, 'asking', codec);
  const answering = new CompressedStream(far, 'answering', codec);
  const sent = [
    Buffer.from('short'),
    Buffer.alloc(100_000, 'compresses well'),
    randomBytes(700_000),
    Buffer.alloc(17 * 1024 * 1024, 'more than one part'),
  ];
  const got = received(answering, sent.length);
  for (const payload of sent) asking.write(encodePacket(payload, 0));
  expect((await got).map((payload, index) => payload.equals(sent[index] as Buffer))).toEqual(
    sent.map(() => true),
  );
});

test('each command begins at 0, each answer behind its own command', async () => {
  const [near, far] = await socketPair();
  const asking = new CompressedStream(near, 'asking', zlibCodec);
  const frames = new CompressedFrameReader();
  const ids: number[] = [];
  far.on('data', (chunk: Buffer) => {
    for (const { sequenceId } of frames.push(chunk)) ids.push(sequenceId);
    if (ids.length === 5) far.emit('whole');
  });
  const small = encodePacket(Buffer.from('a'), 0);
  asking.write(Buffer.concat([small, small]));
  asking.write(encodePacket(randomBytes(600_000), 0));
  await once(far, 'whole');
  expect(ids).toEqual([0, 0, 0, 1, 2]);

  const [client, server] = await socketPair();
  const answering = new CompressedStream(server, 'answering', zlibCodec);
  const frame = (sequenceId: number): Buffer =>
    encodeFrame({ sequenceId, plainBytes: 0, body: Buffer.from('xxxx') });
  const commands = once(answering, 'data');
  client.write(Buffer.concat([frame(0), frame(1), frame(0)]));
  await commands;
  const answers: number[] = [];
  client.on('data', (chunk: Buffer) => {
    for (const { sequenceId } of frames.push(chunk)) answers.push(sequenceId);
    if (answers.length === 3) client.emit('whole');
  });
  answering.beginAnswer();
  answering.write('first');
  answering.write('goes on');
  answering.beginAnswer();
  answering.write('second');
  await once(client, 'whole');
  expect(answers).toEqual([2, 3, 1]);
});

test('a frame out of order is told behind what came before it, and is the last', async () => {
  const cases: readonly (readonly [sequenceIds: readonly number[], taken: number])[] = [
    [[0, 1, 3], 2],
    [[0, 0, 2, 0], 2],
    [[1], 0],
    [[3, 0], 0],
  ];
  for (const [sequenceIds, taken] of cases) {
    const [client, server] = await socketPair();
    const answering = new CompressedStream(server, 'answering', zlibCodec);
    let bytes = 0;
    answering.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const body = Buffer.alloc(10_000);
    const frames = sequenceIds.map((sequenceId) =>
      encodeFrame({ sequenceId, plainBytes: 0, body }),
    );
    client.write(Buffer.concat(frames));
    await once(answering, 'disordered');
    expect(bytes).toBe(taken * body.length);
  }
});

test('what is no compressed packet ends the connection with an error', async () => {
  for (const plainBytes of [5, 3]) {
    const [near, far] = await socketPair();
    const stream = new CompressedStream(near, 'asking', zlibCodec);
    stream.resume();
    far.write(encodeFrame({ sequenceId: 1, plainBytes, body: Buffer.from('no zlib') }));
    const [error] = (await once(stream, 'error')) as [Error];
    expect(error.message).toContain('Malformed packet');
  }
});

test('nothing more is taken in while the other side does not read', async () => {
  const [near, far] = await socketPair();
  const stream = new CompressedStream(near, 'answering', zlibCodec);
  far.pause();
  const chunk = randomBytes(256 * 1024);
  let written = 0;
  while (stream.write(chunk) || written < 64) written++;
  expect(stream.writableNeedDrain).toBe(true);
  far.resume();
  await once(stream, 'drain');
});
