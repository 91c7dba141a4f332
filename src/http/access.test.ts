import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryControl } from '../../test/support/memory-control.ts';
import { Access } from '../access/access.ts';
import type { Clock } from '../base/clock.ts';
import { defaultConfig } from '../config/config.ts';
import { operations } from './operations.ts';
import { accessOf } from './operation.ts';
import { type HttpServer, startHttpServer } from './server.ts';
import { httpUsers } from '../access/testing/http-users.ts';

const adminToken = 'a'.repeat(40);
const viewerToken = 'v'.repeat(40);

let nowMs: number;
let clock: Clock;
let control: MemoryControl;
let server: HttpServer;

beforeEach(async () => {
  nowMs = 1000;
  clock = { nowMs: () => nowMs, wallMs: () => nowMs, after: () => ({ cancel: () => undefined }) };
  control = new MemoryControl();
  control.answer = () => ({
    ...{ kind: 'result', affectedRows: 1, insertId: '0', warnings: 0, node: 'mysql1' },
    durationMs: 1,
  });
  const http = {
    ...defaultConfig.http,
    users: httpUsers,
    tokens: [
      { name: 'deploy', role: 'admin' as const, token: adminToken },
      { name: 'board', role: 'viewer' as const, token: viewerToken },
    ],
  };
  const access = new Access({ http: () => http, clock });
  server = await startHttpServer({ control, access, clock, host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

type Headers = Record<string, string>;

const send = (method: string, path: string, headers: Headers = {}, body?: unknown) =>
  fetch(server.url + path, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

interface Me {
  readonly name: string;
  readonly role: string;
  readonly csrf: string;
  readonly sqlUser?: string;
}

async function logIn(name: string, password: string) {
  const answer = await send('POST', '/login', {}, { name, password });
  expect(answer.status).toBe(200);
  const me = (await answer.json()) as Me;
  const setCookie = answer.headers.get('set-cookie') ?? '';
  return { me, setCookie, cookie: setCookie.split(';')[0] as string };
}

describe('without credentials', () => {
  test('only what is open to everybody answers', async () => {
    for (const operation of operations) {
      const path = operation.path.replaceAll(/\{\w+\}/g, 'mysql1');
      const answer = await send(operation.method, path);
      if (accessOf(operation) === 'open') expect(answer.status).not.toBe(401);
      else {
        expect(answer.status, `${operation.method} ${path}`).toBe(401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
      await answer.body?.cancel();
    }
    const open = operations.filter((one) => accessOf(one) === 'open').map(({ path }) => path);
    expect(open.sort()).toEqual(['/healthz', '/login', '/readyz']);
    expect((await send('GET', '/')).status).not.toBe(401);
    expect((await send('HEAD', '/nodes')).status).toBe(401);
  });

  test('a token that is wrong, or another scheme, is nobody', async () => {
    for (const authorization of ['Bearer wrong', `Basic ${adminToken}`, 'Bearer ', adminToken]) {
      expect((await send('GET', '/nodes', { authorization })).status).toBe(401);
    }
  });

  test('a body is refused unread', async () => {
    const answer = await send('POST', '/query', {}, { sql: 'x'.repeat(20_000_000) });
    expect(answer.status).toBe(401);
    const login = await send('POST', '/login', {}, { name: 'x'.repeat(20_000), password: '' });
    expect(login.status).toBe(413);
  });
});

describe('roles', () => {
  test('a viewer looks and changes nothing', async () => {
    for (const operation of operations.filter((one) => accessOf(one) === 'operate')) {
      const path = operation.path.replaceAll(/\{\w+\}/g, 'mysql1');
      const answer = await send(operation.method, path, bearer(viewerToken));
      expect(answer.status, `${operation.method} ${path}`).toBe(403);
      expect(await codeOf(answer)).toBe('forbidden');
    }
    expect((await send('GET', '/nodes', bearer(viewerToken))).status).toBe(200);
    expect(control.node('mysql1').state).toBe('UP');
  });

  test('an administrator operates', async () => {
    const answer = await send('POST', '/nodes/mysql2/disable', bearer(adminToken));
    expect(answer.status).toBe(200);
    const me = await send('GET', '/me', bearer(adminToken));
    expect(await me.json()).toEqual({ name: 'deploy', role: 'admin', open: false });
  });
});

describe('the login of the page', () => {
  test('gives a cookie that no script and no other site gets, and a token', async () => {
    const { me, cookie, setCookie } = await logIn('ada', 'correct horse');
    expect(setCookie).toMatch(/^lockstep-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(me).toMatchObject({ name: 'ada', role: 'admin', open: false });
    expect((await send('GET', '/nodes', { cookie })).status).toBe(200);
    expect(await (await send('GET', '/me', { cookie })).json()).toEqual(me);

    const forged = await send('POST', '/nodes/mysql2/disable', { cookie });
    expect(forged.status).toBe(403);
    expect(await codeOf(forged)).toBe('csrf_failed');
    const wrong = { cookie, 'x-csrf-token': 'x'.repeat(43) };
    expect((await send('POST', '/nodes/mysql2/disable', wrong)).status).toBe(403);
    expect(control.node('mysql2').state).toBe('UP');
    const right = { cookie, 'x-csrf-token': me.csrf };
    expect((await send('POST', '/nodes/mysql2/disable', right)).status).toBe(200);
  });

  test('ends at the logout, after it was not used, and in any case after a while', async () => {
    const first = await logIn('vic', 'only looking');
    const headers = { cookie: first.cookie, 'x-csrf-token': first.me.csrf };
    const out = await send('POST', '/logout', headers);
    expect(out.headers.get('set-cookie')).toMatch(/^lockstep-\d+=; .*Max-Age=0/);
    expect((await send('GET', '/nodes', { cookie: first.cookie })).status).toBe(401);

    const { sessionTimeoutMs } = defaultConfig.http;
    const second = await logIn('vic', 'only looking');
    const { cookie } = second;
    nowMs += sessionTimeoutMs - 1;
    expect((await send('GET', '/nodes', { cookie })).status).toBe(200);
    nowMs += sessionTimeoutMs;
    expect((await send('GET', '/nodes', { cookie })).status).toBe(401);

    const third = await logIn('vic', 'only looking');
    for (let use = 0; use < 12; use += 1) {
      nowMs += sessionTimeoutMs - 1;
      await send('GET', '/me', { cookie: third.cookie });
    }
    expect((await send('GET', '/me', { cookie: third.cookie })).status).toBe(401);
  });

  test('ends the event stream that it opened', async () => {
    const { me, cookie } = await logIn('vic', 'only looking');
    const stream = await send('GET', '/events', { cookie });
    const ended = stream.text();
    await send('POST', '/logout', { cookie, 'x-csrf-token': me.csrf });
    expect(await ended).toContain(': lockstep events');
  });

  test('wrong passwords lock an address out, and the answer says for how long', async () => {
    for (let guess = 0; guess < 5; guess += 1) {
      const answer = await send('POST', '/login', {}, { name: 'ada', password: `guess ${guess}` });
      expect(answer.status).toBe(401);
      expect(await codeOf(answer)).toBe('login_failed');
    }
    const right = { name: 'ada', password: 'correct horse' };
    const locked = await send('POST', '/login', {}, right);
    expect(locked.status).toBe(429);
    expect(locked.headers.get('retry-after')).toBe('10');
    expect(await codeOf(locked)).toBe('too_many_denied_logins');
    nowMs += 10_001;
    expect((await send('POST', '/login', {}, right)).status).toBe(200);
    // The failures before it still count: an own account is no way to try others.
    await send('POST', '/login', {}, { name: 'ada', password: 'guess' });
    expect((await send('POST', '/login', {}, right)).status).toBe(429);
  });

  test('a page of another site cannot log a browser in', async () => {
    const body = { name: 'vic', password: 'only looking' };
    const answer = await send('POST', '/login', { origin: 'http://evil.example' }, body);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});

describe('SQL', () => {
  const sql = 'DELETE FROM t';

  test('is run as a database user that the request names, never as the first', async () => {
    const none = await send('POST', '/query', bearer(adminToken), { sql });
    expect(none.status).toBe(403);
    expect(await codeOf(none)).toBe('sql_login_required');
    const as = { user: 'app', password: 'app' };
    await send('POST', '/query', bearer(viewerToken), { sql, as });
    const basic = Buffer.from('tom:to:m').toString('base64');
    const headers = { ...bearer(viewerToken), 'x-sql-authorization': `Basic ${basic}` };
    await send('POST', '/query', headers, { sql });
    expect(control.queries).toMatchObject([
      { sql, account: { name: 'app', password: 'app' } },
      { sql, account: { name: 'tom', password: 'to:m' } },
    ]);
  });

  test('the login of the page keeps its database user to itself', async () => {
    const { me, cookie } = await logIn('vic', 'only looking');
    const headers = { cookie, 'x-csrf-token': me.csrf };
    const wrong = await send('POST', '/sql-login', headers, { user: 'app', password: 'no' });
    expect(wrong.status).toBe(403);
    const right = await send('POST', '/sql-login', headers, { user: 'app', password: 'app' });
    expect(await right.json()).toMatchObject({ name: 'vic', sqlUser: 'app' });
    await send('POST', '/query', headers, { sql });
    expect(control.queries).toMatchObject([{ sql, account: { name: 'app', password: 'app' } }]);
    const other = await logIn('vic', 'only looking');
    const theirs = { cookie: other.cookie, 'x-csrf-token': other.me.csrf };
    expect((await send('POST', '/query', theirs, { sql })).status).toBe(403);
  });

  test('wrong passwords of database users are counted too', async () => {
    const { me, cookie } = await logIn('vic', 'only looking');
    const headers = { cookie, 'x-csrf-token': me.csrf };
    for (let guess = 0; guess < 5; guess += 1) {
      await send('POST', '/sql-login', headers, { user: 'app', password: `${guess}` });
    }
    const locked = await send('POST', '/sql-login', headers, { user: 'app', password: 'app' });
    expect(locked.status).toBe(429);
  });
});

test('where nobody has to log in, SQL is the first user’s unless another is named', async () => {
  const open = await startHttpServer({ control, host: '127.0.0.1', port: 0 });
  try {
    const post = (path: string, headers: Headers, body: unknown) =>
      fetch(open.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const me = await (await fetch(`${open.url}/me`)).json();
    expect(me).toEqual({ name: 'local', role: 'admin', open: true, sqlUser: 'app' });
    await post('/query', {}, { sql: 'SELECT 1' });
    const login = await post('/sql-login', {}, { user: 'tom', password: 'tom' });
    const { csrf } = (await login.json()) as Me;
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] as string;
    await post('/query', { cookie, 'x-csrf-token': csrf }, { sql: 'SELECT 2' });
    expect((await post('/query', { cookie }, { sql: 'SELECT 3' })).status).toBe(403);
    expect(control.queries.map(({ account }) => account?.name)).toEqual([undefined, 'tom']);
    expect((await post('/login', {}, { name: 'ada', password: 'x' })).status).toBe(409);
  } finally {
    await open.close();
  }
});
