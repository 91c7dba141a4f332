import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryControl } from '../../test/support/memory-control.ts';
import { Access } from '../access/access.ts';
import { systemClock } from '../base/clock.ts';
import { defaultConfig } from '../config/config.ts';
import type { Problem } from './problem.ts';
import { type HttpServer, startHttpServer } from './server.ts';

const streamsMax = 50;
const connectionsMax = 160;

let server: HttpServer;
const defects: unknown[] = [];
const sockets: Socket[] = [];

const start = (requestTimeoutMs: number): Promise<HttpServer> =>
  startHttpServer({
    control: new MemoryControl(),
    access: new Access({ http: () => defaultConfig.http, clock: systemClock }),
    host: '127.0.0.1',
    port: 0,
    bodyBytesMax: 2000,
    requestTimeoutMs,
    eventStreamsMax: streamsMax,
    connectionsMax,
    onDefect: (error) => defects.push(error),
  });

beforeEach(async () => {
  server = await start(600);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
  if (defects.length > 0) throw new AggregateError(defects.splice(0), 'defects');
});

interface Raw {
  readonly socket: Socket;
  /** All that came, once the server has closed the connection. */
  readonly closed: Promise<string>;
}

function open(text: string): Raw {
  const socket = connect({ host: '127.0.0.1', port: server.port });
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.write(text);
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)));
  return { socket, closed };
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly problem: Problem;
}

/** Of one answer. Whatever is refused is refused with a problem. */
function parse(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  expect(head).toMatch(/^HTTP\/1\.1 [45]\d\d .*content-type: application\/problem\+json/is);
  const problem = JSON.parse(text.slice(end + 4)) as Problem;
  const status = Number(head.slice(9, 12));
  expect(problem).toMatchObject({ status, message: expect.any(String) });
  expect(problem.remedy).not.toBe('');
  return { status, head, problem };
}

const answerTo = async (text: string): Promise<Answer> => parse(await open(text).closed);
const host = 'Host: 127.0.0.1\r\n';
const last = `${host}Connection: close\r\n`;
const posting = (more: string): string =>
  `POST /query HTTP/1.1\r\n${last}Content-Type: application/json\r\n${more}`;

describe('what is never sent to its end', () => {
  test.for([
    ['a head', `GET /nodes HTTP/1.1\r\n${host}X-A: b\r\n`],
    ['the first line', 'GET /no'],
    ['a body', `${posting('Content-Length: 100\r\n\r\n')}{"sql":`],
    ['a body in chunks', `${posting('Transfer-Encoding: chunked\r\n\r\n')}5\r\n{"sql\r\n`],
  ])('%s: 408, and the connection is closed', async ([, text]) => {
    const answer = await answerTo(text ?? '');
    expect(answer.status).toBe(408);
    expect(answer.head).toMatch(/connection: close/i);
  });

  test('bytes that come one by one gain no time', async () => {
    const { socket, closed } = open(`GET /nodes HTTP/1.1\r\n${host}X-Slow: `);
    const trickle = setInterval(() => socket.write('a'), 20);
    expect(parse(await closed).status).toBe(408);
    clearInterval(trickle);
  });

  test('nor do others wait for it meanwhile', async () => {
    const slow = Array.from({ length: 30 }, () => open('GET /no'));
    expect((await fetch(`${server.url}/nodes`)).status).toBe(200);
    for (const { closed } of slow) expect(parse(await closed).status).toBe(408);
  });
});

test('no more connections than that: further ones are closed, and make room again', async () => {
  await server.close();
  // None of them is to be late meanwhile.
  server = await start(60_000);
  const kept = Array.from({ length: connectionsMax }, () => open(''));
  await Promise.all(kept.map(({ socket }) => new Promise((done) => socket.on('connect', done))));
  expect(await open(`GET /nodes HTTP/1.1\r\n${last}\r\n`).closed).toBe('');
  await Promise.all(kept.map(({ closed, socket }) => (socket.destroy(), closed)));
  await expect.poll(() => fetch(`${server.url}/nodes`).then(({ status }) => status)).toBe(200);
});

describe('what is too much, or nonsense', () => {
  const body = (text: string): string => posting(`Content-Length: ${text.length}\r\n\r\n${text}`);

  test.for([
    ['a head of 20 KB', `GET / HTTP/1.1\r\n${host}X-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a body beyond the limit', posting('Content-Length: 1000000\r\n\r\n'), 413],
    [
      'chunks beyond the limit',
      `${posting('Transfer-Encoding: chunked\r\n\r\n')}bb8\r\n${' '.repeat(3000)}\r\n0\r\n\r\n`,
      413,
    ],
    ['JSON that is none', body('{"sql":'), 400],
    ['JSON nested deeply', body('['.repeat(1900)), 400],
    ['JSON that would reach into objects', body('{"sql":"x","__proto__":{"limit":1}}'), 400],
    ['a property that is not taken', body('{"sql":"x","nonsense":1}'), 400],
    ['an empty body', body(''), 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00FC\u0003\u0003', 400],
    ['a bare line feed in a head', `GET / HTTP/1.1\nX: y\r\n${last}\r\n`, 400],
    [
      'two lengths of one body',
      posting('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      400,
    ],
  ] as const)('%s', async ([, text, status]) => {
    expect((await answerTo(text)).status).toBe(status);
  });
});

describe('what would get into a head', () => {
  const injected = '%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>';

  test.for([
    `/nodes/${injected}`,
    `/log?limit=${injected}`,
    `/nodes/mysql1/log?after=1${injected}`,
    `/commands/${injected}`,
    `/${injected}`,
  ])('%s', async (path) => {
    const { status, head } = await answerTo(`GET ${path} HTTP/1.1\r\n${last}\r\n`);
    expect(status).toBeLessThan(500);
    expect(head).not.toMatch(/set-cookie/i);
  });
});

test.for([
  '/../package.json',
  '/../../../../../../etc/passwd',
  '/assets/../../package.json',
  '/assets/..%2f..%2f..%2fpackage.json',
  '/%2e%2e/%2e%2e/package.json',
  '/..\\..\\package.json',
  '//etc/passwd',
  '/assets/%00',
  '/%c0%ae%c0%ae/package.json',
  'file:///etc/passwd',
])('nothing of the disk is at %s', async (path) => {
  const { status } = await answerTo(`GET ${path} HTTP/1.1\r\n${last}\r\n`);
  expect([400, 404]).toContain(status);
});

test.for([
  'evil.example',
  '127.0.0.1.evil.example',
  'localhost.evil.example:8000',
  '127.0.0.1@evil.example',
  'evil.example#127.0.0.1',
])('a page of %s that resolves to this address gets nothing', async (name) => {
  const request = `GET /nodes HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`;
  expect((await answerTo(request)).status).toBe(403);
});

test('without a Host nothing is told', async () => {
  expect(await open('GET /nodes HTTP/1.1\r\nConnection: close\r\n\r\n').closed).toMatch(
    /^HTTP\/1\.1 400 /,
  );
});

test('readers of events who are silent take their places only, and give them back', async () => {
  const reading = `GET /events HTTP/1.1\r\n${host}\r\n`;
  const begun = async (): Promise<Raw> => {
    const raw = open(reading);
    await new Promise((resolve) => raw.socket.once('data', resolve));
    return raw;
  };
  for (let round = 0; round < 2; round += 1) {
    const readers = await Promise.all(Array.from({ length: streamsMax }, begun));
    const { status, problem } = await answerTo(`GET /events HTTP/1.1\r\n${last}\r\n`);
    expect([status, problem.code]).toEqual([503, 'queue_full']);
    expect((await fetch(`${server.url}/nodes`)).status).toBe(200);
    for (const { socket } of readers) socket.destroy();
    await expect
      .poll(async () => {
        const one = await fetch(`${server.url}/events`);
        await one.body?.cancel();
        return one.status;
      })
      .toBe(200);
    await expect.poll(() => streamsFree()).toBe(true);
  }
});

/** Whether all places are to be had at once. */
async function streamsFree(): Promise<boolean> {
  const answers = await Promise.all(
    Array.from({ length: streamsMax }, () => fetch(`${server.url}/events`)),
  );
  for (const { body } of answers) await body?.cancel();
  return answers.every(({ status }) => status === 200);
}

test('nonsense in the middle of an answer ends the connection and adds nothing to it', async () => {
  const { socket, closed } = open(`GET /events HTTP/1.1\r\n${host}\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.write('nonsense\r\n\r\n');
  expect(await closed).not.toMatch(/HTTP\/1\.1 4/);
});
