import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { logInToNode } from './node-login.ts';

test.each([
  ['an answer that is too long', Buffer.from('ffff3f00', 'hex')],
  ['no greeting', Buffer.from('0100000005', 'hex')],
  ['a greeting that ends early', Buffer.from('020000000a61', 'hex')],
])('a server that begins with %s is at fault, not its client', async (_what, nonsense) => {
  const server = createServer((socket) => socket.end(nonsense));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const login = { user: 'u', password: 'p', deprecateEof: true, foundRows: false };
  const address = { host: '127.0.0.1', port, connectTimeoutMs: 10_000, clock: systemClock };
  const error = await logInToNode({ ...address, ...login }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: expect.stringContaining('cannot be read') as string });
  expect(error).not.toBeInstanceOf(LockstepError);
  server.close();
});
