import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readIntoSharedBuffer } from './read-buffer.ts';

const server = createServer();
const sockets: Socket[] = [];

beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

/** Both ends of a connection; the first reads into the buffer of all. */
async function pair(): Promise<[Socket, Socket]> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(far);
  const [near] = await accepted;
  sockets.push(near);
  expect(readIntoSharedBuffer(near)).toBeDefined();
  return [near, far];
}

/** All that comes until the far end has sent everything, as it came. */
async function received(near: Socket): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  near.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(near, 'end');
  return chunks;
}

test.each([1, 100, 4096, 32_767, 65_536, 300_000, 3_000_000])(
  '%i bytes to each of several sockets at once, none of another',
  async (bytes) => {
    const pairs: [Socket, Socket][] = [];
    while (pairs.length < 4) pairs.push(await pair());
    const sent = pairs.map(() => randomBytes(bytes));
    const all = pairs.map(([near]) => received(near));
    pairs.forEach(([, far], index) => {
      const data = sent[index] as Buffer;
      // In pieces, so that reads of all of them come between each other.
      for (let at = 0; at < bytes; at += 100_000) far.write(data.subarray(at, at + 100_000));
      far.end();
    });
    // Chunks are the listener's to keep: what is read later does not show in them.
    const chunks = await Promise.all(all);
    expect(chunks.map((each, index) => Buffer.concat(each).equals(sent[index] as Buffer))).toEqual(
      pairs.map(() => true),
    );
  },
);

test('nothing is read while it is paused', async () => {
  const [near, far] = await pair();
  let bytes = 0;
  near.on('data', (chunk: Buffer) => (bytes += chunk.length));
  far.write('one');
  await expect.poll(() => bytes).toBe(3);
  near.pause();
  // More than both ends keep for each other.
  const flushed = new Promise((resolve) => far.write(Buffer.alloc(32 << 20), resolve));
  await expect.poll(() => far.writableLength > 0).toBe(true);
  const kept = near.bytesRead;
  expect(bytes).toBe(3);
  near.resume();
  await flushed;
  await expect.poll(() => bytes).toBe(3 + (32 << 20));
  expect(kept).toBe(3);
});

test('who borrows is shown long reads where they lie, the others come as data', async () => {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(far);
  const [near] = await accepted;
  sockets.push(near);
  const parts: Buffer[] = [];
  const memory = new Set<ArrayBufferLike>();
  readIntoSharedBuffer(near)?.lendTo((bytes) => {
    memory.add(bytes.buffer);
    parts.push(Buffer.from(bytes));
  });
  near.on('data', (chunk: Buffer) => parts.push(chunk));
  const sent = randomBytes(3_000_000);
  far.write(sent.subarray(0, 10));
  await expect.poll(() => Buffer.concat(parts).length).toBe(10);
  expect(memory.size).toBe(0);
  far.end(sent.subarray(10));
  await once(near, 'end');
  expect(Buffer.concat(parts).equals(sent)).toBe(true);
  expect(memory.size).toBe(1);
});
