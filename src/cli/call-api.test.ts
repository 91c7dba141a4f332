import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { temporaryFolder } from '../log/testing/temporary-folder.ts';
import { tlsPair } from '../sessions/tls-identity.ts';
import { callApi } from './call-api.ts';
import { describeError, exitCodes } from './cli-error.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(made: Server): Promise<number> {
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return (made.address() as AddressInfo).port;
}
const answering = (listener: RequestListener): Promise<number> => listen(createServer(listener));

test('what is sent arrives, and so does the answer, in any script', async () => {
  const port = await answering((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, type: headers['content-type'], body }));
    });
  });
  const call = { method: 'POST', path: '/query?x=1', body: { sql: 'SELECT "Ü漢"' } } as const;
  expect(await callApi(`http://127.0.0.1:${port}`, call)).toEqual({
    method: 'POST',
    url: '/query?x=1',
    type: 'application/json',
    body: JSON.stringify(call.body),
  });
});

test('an answer that does not come is not waited for longer than that', async () => {
  const port = await answering(() => {});
  const call = { method: 'GET', path: '/nodes', deadlineMs: 100 } as const;
  await expect(callApi(`http://127.0.0.1:${port}`, call)).rejects.toMatchObject({
    message: `the balancer at http://127.0.0.1:${port} did not answer within 0.1 s`,
    exitCode: exitCodes.unreachable,
  });
});

test('half an answer is none', async () => {
  const port = await answering((_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"name":', () => response.destroy());
  });
  const call = { method: 'GET', path: '/nodes' } as const;
  await expect(callApi(`http://127.0.0.1:${port}`, call)).rejects.toMatchObject({
    message: `no balancer answers at http://127.0.0.1:${port}`,
  });
});

test('what was asked wrongly exits 2, and what says all itself has no second line', async () => {
  const refusing = async (code: string, status: number) => {
    const problem = { code, message: 'health.interval: abc', remedy: 'At the line named.' };
    const port = await answering((_request, response) => {
      response.writeHead(status).end(JSON.stringify(problem));
    });
    const call = { method: 'PATCH', path: '/config', body: {} } as const;
    const error: unknown = await callApi(`http://127.0.0.1:${port}`, call).catch((it) => it);
    server?.close();
    return describeError(error);
  };
  const text = 'lockstep: health.interval: abc';
  expect(await refusing('config_invalid', 400)).toEqual({ text, exitCode: exitCodes.usage });
  expect(await refusing('bad_request', 400)).toEqual({ text, exitCode: exitCodes.usage });
  expect(await refusing('conflict', 409)).toEqual({ text, exitCode: exitCodes.failed });
  const more = { text: `${text}\n  At the line named.`, exitCode: exitCodes.failed };
  expect(await refusing('no_node', 503)).toEqual(more);
});

test('a certificate that nobody vouches for is named as the reason', async () => {
  const pair = await tlsPair({ mode: 'off' }, await temporaryFolder(), systemClock);
  const port = await listen(createTlsServer(pair, (_request, response) => response.end('{}')));
  const call = { method: 'GET', path: '/nodes' } as const;
  await expect(callApi(`https://127.0.0.1:${port}`, call)).rejects.toMatchObject({
    message: expect.stringMatching(/is not trusted: self-signed certificate/),
    remedy: expect.stringMatching(/NODE_EXTRA_CA_CERTS/),
    exitCode: exitCodes.unreachable,
  });
});
