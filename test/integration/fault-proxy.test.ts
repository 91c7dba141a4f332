import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.ts';
import { until } from '../support/load.ts';

let server: Server;
let proxy: FaultProxy;
/** What the server has of its connections, in the order in which they came. */
let received: { text: string; end: string; readonly socket: Socket }[];
const clients: Socket[] = [];

beforeEach(async () => {
  received = [];
  server = createServer((socket) => {
    const one = { text: '', end: '', socket };
    received.push(one);
    socket.on('data', (bytes) => {
      one.text += bytes.toString();
      socket.write(`echo ${bytes.toString()}`);
    });
    socket.on('error', (error) => (one.end = (error as NodeJS.ErrnoException).code ?? ''));
    socket.on('close', () => (one.end ||= 'closed'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await FaultProxy.open((server.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  server.close();
});

/** A client that has had one answer. */
async function connected() {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true });
  clients.push(socket);
  const one = { text: '', end: '', socket };
  socket.on('data', (bytes) => (one.text += bytes.toString()));
  socket.on('error', (error) => (one.end = (error as NodeJS.ErrnoException).code ?? ''));
  socket.on('close', () => (one.end ||= 'closed'));
  socket.write('one');
  return one;
}

async function answered() {
  const client = await connected();
  await until(() => client.text === 'echo one');
  return client;
}

test('relays both ways, and tells each side when the other has ended', async () => {
  const client = await answered();
  client.socket.end();
  await until(() => received[0]?.end === 'closed' && proxy.connections === 0);
  const other = await answered();
  received[1]?.socket.destroy();
  await until(() => other.end === 'closed' && proxy.connections === 0);
});

test('delay: answers come later and in order', async () => {
  const client = await answered();
  proxy.delayMs = 50;
  const beganMs = performance.now();
  client.socket.write('two');
  await until(() => received[0]?.text === 'onetwo');
  proxy.delayMs = 0;
  client.socket.write('three');
  await until(() => client.text.endsWith('three'));
  expect(performance.now() - beganMs).toBeGreaterThan(45);
  expect(client.text).toBe('echo oneecho twoecho three');
});

test('cut: both sides see an end, new connections work', async () => {
  const client = await answered();
  proxy.cut();
  await until(() => client.end === 'closed' && received[0]?.end === 'closed');
  await answered();
});

test('reset: both sides see a reset, new connections work', async () => {
  const client = await answered();
  proxy.reset();
  await until(() => client.end === 'ECONNRESET' && received[0]?.end === 'ECONNRESET');
  await answered();
});

test('half open: nothing arrives and neither side is told, until new ones do', async () => {
  const client = await answered();
  proxy.swallow('both');
  client.socket.write('two');
  received[0]?.socket.write('unasked');
  const late = await connected();
  await until(() => received.length === 2);
  proxy.heal();
  await answered();
  client.socket.destroy();
  await answered();
  expect(client.text).toBe('echo one');
  expect(late.text).toBe('');
  expect(received.map(({ text }) => text)).toEqual(['one', '', 'one', 'one']);
  expect(received[0]?.end).toBe('');
});

test('one way: the server does what it is asked, the answer is lost', async () => {
  const client = await answered();
  proxy.swallow('to_client');
  client.socket.write('two');
  await until(() => received[0]?.text === 'onetwo');
  received[0]?.socket.destroy();
  proxy.heal();
  await answered();
  expect(client).toMatchObject({ text: 'echo one', end: '' });
});

test('the other way: the request is lost, what the server says by itself arrives', async () => {
  const client = await answered();
  proxy.swallow('to_server');
  client.socket.write('two');
  received[0]?.socket.write('unasked');
  await until(() => client.text === 'echo oneunasked');
  expect(received[0]?.text).toBe('one');
});
