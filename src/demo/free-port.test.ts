import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { freePorts, isPortFree } from './free-port.ts';

test('free ports differ and are free', async () => {
  const lists = await Promise.all([freePorts(5), freePorts(5)]);
  const ports = lists.flat();
  expect(new Set(ports).size).toBe(10);
  expect(await Promise.all(ports.map(isPortFree))).toEqual(ports.map(() => true));
});

test('a port on which somebody listens is not free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await isPortFree(port)).toBe(false);
  server.close();
  await once(server, 'close');
  expect(await isPortFree(port)).toBe(true);
});
