import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryControl } from '../../test/support/memory-control.ts';
import { operations } from './operations.ts';
import type { Problem } from './problem.ts';
import { type HttpServer, startHttpServer } from './server.ts';
import { ServerError } from './server-error.ts';

let control: MemoryControl;
let server: HttpServer;
const defects: unknown[] = [];

beforeEach(async () => {
  control = new MemoryControl();
  server = await startHttpServer({
    control,
    host: '127.0.0.1',
    port: 0,
    bodyBytesMax: 2_000,
    onDefect: (error) => defects.push(error),
  });
});

afterEach(async () => {
  await server.close();
  defects.length = 0;
});

const get = (path: string) => fetch(server.url + path);

function post(path: string, body?: unknown, headers: Record<string, string> = {}) {
  if (body === undefined) return fetch(server.url + path, { method: 'POST', headers });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  });
}

async function jsonOf<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

/** `fetch` does not let a caller set Host. */
function getAs(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = server;
    const sent = httpRequest({ host: '127.0.0.1', port, path: '/nodes', headers: { host } });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode as number);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('operations', () => {
  test('nodes are listed, read and acted upon', async () => {
    expect(await (await get('/nodes')).json()).toEqual(control.nodes());
    const disabled = await post('/nodes/mysql2/disable');
    expect(disabled.status).toBe(200);
    expect(await disabled.json()).toMatchObject({ name: 'mysql2', state: 'DISABLED' });
    expect(await (await get('/nodes/mysql2')).json()).toMatchObject({ state: 'DISABLED' });
  });

  test('the log of a node is paged, its query being converted to numbers', async () => {
    control.put('mysql2', { position: 3, pending: 4 });
    const page = await (await get('/nodes/mysql2/log?after=4&limit=2')).json();
    expect(page).toMatchObject({ position: 3, pending: 4, entries: [{ seq: 5 }, { seq: 6 }] });
    const bad = await get('/nodes/mysql2/log?limit=0');
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ code: 'bad_request' });
  });

  test('the strategy is changed; an unknown one names those that exist', async () => {
    expect((await post('/strategy/round_robin')).status).toBe(200);
    expect(control.strategy().name).toBe('round_robin');
    const unknown = await post('/strategy/fastest');
    expect(unknown.status).toBe(400);
    expect((await jsonOf<Problem>(unknown)).message).toMatch(/least_connections/);
  });

  test('rows keep big integers exact', async () => {
    control.answer = () => ({
      kind: 'rows',
      columns: [{ name: 'n', type: 'bigint' }],
      rows: [[9007199254740993n]],
      rowCount: 1,
      truncated: false,
      node: 'mysql3',
      durationMs: 1.5,
    });
    const answer = await post('/query', { sql: 'SELECT n', schema: 'app', parameters: [1, null] });
    expect(await answer.json()).toMatchObject({ node: 'mysql3', rows: [['9007199254740993']] });
    expect(control.queries).toMatchObject([
      { sql: 'SELECT n', schema: 'app', parameters: [1, null] },
    ]);
  });

  test('a read with no node is 503; a write that is queued is 202 with an id', async () => {
    const refused = await post('/query', { sql: 'SELECT 1' });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await refused.json()).toMatchObject({
      status: 503,
      code: 'no_node',
      message: 'no node can serve this',
      remedy: expect.stringContaining('lockstep nodes'),
    });
    control.answer = ({ queueWhenDown }) => ({ kind: 'accepted', id: `c${Number(queueWhenDown)}` });
    const accepted = await post('/query', { sql: 'DELETE FROM t', queue_when_down: true });
    expect(accepted.status).toBe(202);
    const { id } = await jsonOf<{ id: string }>(accepted);
    expect(await (await get(`/commands/${id}`)).json()).toMatchObject({ state: 'queued' });
  });

  test("a server's error keeps its number, state and text", async () => {
    control.answer = () => {
      throw new ServerError({ errno: 1062, sqlState: '23000', message: "Duplicate entry '1'" });
    };
    const answer = await post('/query', { sql: 'INSERT INTO t VALUES (1)' });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      code: 'server_error',
      errno: 1062,
      sqlState: '23000',
      message: "Duplicate entry '1'",
    });
  });

  test('health, readiness and metrics', async () => {
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    control.readiness = { ready: false, reason: 'no node is in sync' };
    const unready = await get('/readyz');
    expect(unready.status).toBe(503);
    expect(await unready.json()).toEqual({ ready: false, reason: 'no node is in sync' });
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await metrics.text()).toContain('lockstep_up 1');
  });
});

describe('refusals', () => {
  test('what is not there, and a method that is not taken', async () => {
    expect((await get('/nothing')).status).toBe(404);
    expect((await get('/nodes/mysql9')).status).toBe(404);
    const wrong = await get('/nodes/mysql1/disable');
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
  });

  test.each([
    ['text that is not JSON', '{"sql":', 400, /JSON/i],
    ['an unknown property', { sql: 'SELECT 1', shema: 'app' }, 400, /shema/],
    ['a wrong type, not converted', { sql: 1 }, 400, /sql/],
    ['no sql', {}, 400, /sql/],
    ['an empty body', '', 400, /empty/],
    ['too long a body', { sql: 'x'.repeat(3_000) }, 413, /too large/],
  ])('%s is a problem', async (_what, body, status, message) => {
    const answer = await post('/query', body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect((await jsonOf<Problem>(answer)).message).toMatch(message);
    expect(control.queries).toEqual([]);
  });

  test('forms and plain text, which any site may post, are not taken', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const answer = await post('/query', '{"sql":"DELETE FROM t"}', { 'content-type': type });
      expect(answer.status).toBe(415);
    }
    expect(control.queries).toEqual([]);
  });

  test('a post from a page of another site is refused, from our own page it is not', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', 'junk']) {
      const answer = await post('/nodes/mysql1/disable', undefined, { origin });
      expect(answer.status).toBe(403);
    }
    const hidden = await post('/nodes/mysql1/disable', undefined, {
      'sec-fetch-site': 'cross-site',
    });
    expect(hidden.status).toBe(403);
    expect(control.node('mysql1').state).toBe('UP');
    const own = await post('/nodes/mysql1/disable', undefined, { origin: server.url });
    expect(own.status).toBe(200);
  });

  test('a name that somebody made resolve to this machine is not served', async () => {
    expect(await getAs('evil.example')).toBe(403);
    expect(await getAs(`localhost:${server.port}`)).toBe(200);
    expect(await getAs('[::1]:8000')).toBe(200);
  });

  test('the text of a defect is for the log only', async () => {
    control.answer = () => {
      throw new TypeError('secret detail');
    };
    const answer = await post('/query', { sql: 'SELECT 1' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(String(defects[0])).toContain('secret detail');
  });

  test('a taken port is named', async () => {
    const again = startHttpServer({ control, host: '127.0.0.1', port: server.port });
    await expect(again).rejects.toThrow(`port ${server.port} of 127.0.0.1 (HTTP) is already taken`);
  });
});

interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { operationId: string }>>;
}

test('the OpenAPI document has every operation', async () => {
  const document = await jsonOf<OpenApiDocument>(await get('/openapi.json'));
  expect(document.openapi).toBe('3.1.0');
  for (const { path, method, name } of operations) {
    expect(document.paths[path]?.[method.toLowerCase()]?.operationId).toBe(name);
  }
  expect(document.paths['/']).toBeUndefined();
});

test('the OpenAPI document says who may, what an example is, and how an error looks', async () => {
  const answer = await get('/openapi.json');
  const document = (await answer.json()) as {
    readonly paths: Record<string, Record<string, Record<string, unknown>>>;
    readonly components: { readonly schemas: object };
  };
  expect(document.components.schemas).toHaveProperty('Problem.properties.code');
  const query = document.paths['/query']?.['post'];
  expect(query).toMatchObject({ 'x-access': 'sql', security: [{ token: [] }, { login: [] }] });
  expect(query).toHaveProperty(['requestBody', 'content', 'application/json', 'example', 'sql']);
  const lines = ['responses', '200', 'content', 'application/x-ndjson', 'example'];
  expect(query).toHaveProperty(lines, expect.stringContaining('"kind":"end"'));
  expect(query).toHaveProperty('responses.200.content.application/json.example.rowCount', 1);
  expect(document.paths['/healthz']?.['get']).toMatchObject({ 'x-access': 'open', security: [] });
  const weight = document.paths['/nodes/{name}/weight']?.['put'];
  expect(weight).toMatchObject({ parameters: [{ name: 'name', example: 'mysql2' }] });
});

test('/docs shows every operation, without a script', async () => {
  const docs = await get('/docs');
  const html = await docs.text();
  expect(docs.headers.get('content-type')).toMatch(/^text\/html/);
  expect(html).not.toMatch(/<script|\sstyle=|\son\w+=/);
  for (const { name, method, path } of operations) {
    expect(html).toContain(`<article id="${name}">\n<h3><code>${method} ${path}</code></h3>`);
  }
  expect((await get('/docs.css')).headers.get('content-type')).toMatch(/^text\/css/);
});

test('what did not change is not sent again', async () => {
  const first = await get('/nodes');
  const etag = first.headers.get('etag') as string;
  const ask = () => fetch(`${server.url}/nodes`, { headers: { 'if-none-match': `W/${etag}` } });
  const again = await ask();
  expect([again.status, await again.text()]).toEqual([304, '']);
  control.put('mysql2', { pending: 7 });
  expect((await ask()).status).toBe(200);
});

test('a page of the log names the next one', async () => {
  const page = await get('/log?limit=3');
  expect(page.headers.get('link')).toBe('</log?after=3&limit=3>; rel="next"');
  expect((await get('/log?after=3&limit=9')).headers.get('link')).toBeNull();
});

describe('the page', () => {
  test('is served with its own scripts and styles only', async () => {
    const page = await get('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|https?:\/\//);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const file = await get(path as string);
      expect(file.status).toBe(200);
      expect(file.headers.get('content-type')).toMatch(/javascript|css|svg/);
    }
  });

  test('nothing else on the disk is', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json']) {
      expect((await get(path)).status).toBe(404);
    }
  });
});

test('a field that a request does not have is named, with those that it has', async () => {
  const told = async (path: string, body: unknown) =>
    ((await (await post(path, body)).json()) as Problem).message;
  expect(await told('/query', { sql: 'SELECT ?', params: [4] })).toBe(
    'body: unknown field "params" (did you mean "parameters"?); there are sql, schema, limit, ' +
      'timeoutMs, as, parameters, queueWhenDown, queue_when_down',
  );
  expect(await told('/query', { sql: 'SELECT 1', as: { user: 'a', password: '', pw: 1 } })).toBe(
    'body: unknown field "as.pw"; there are user, password',
  );
  expect(await told('/query', { as: 1, one: 1, two: 2 })).toMatch(
    /body must have required properties.*body: unknown fields "one", "two"; there are sql/,
  );
  const typo = (await (await get('/log?limmit=1')).json()) as Problem;
  expect(typo.message).toMatch(/^querystring: unknown field "limmit" \(did you mean "limit"\?\)/);
});
