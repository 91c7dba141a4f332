import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryControl } from '../../test/support/memory-control.ts';
import { Access } from '../access/access.ts';
import { AuditLog } from '../access/audit-log.ts';
import { systemClock } from '../base/clock.ts';
import { defaultConfig } from '../config/config.ts';
import { type HttpServer, startHttpServer } from './server.ts';

const token = 't'.repeat(40);
const viewer = 'v'.repeat(40);

let folder: string;
let control: MemoryControl;
let server: HttpServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-audit-'));
  const bytesMax = (): number => 1024 * 1024;
  const audit = new AuditLog({ folder, bytesMax, clock: systemClock, onFault: () => undefined });
  control = new MemoryControl();
  control.answer = () => ({
    ...{ kind: 'result', affectedRows: 1, insertId: '0', warnings: 0, node: 'mysql1', seq: 8 },
    durationMs: 1,
  });
  const tokens = [
    { name: 'deploy', role: 'admin', token },
    { name: 'board', role: 'viewer', token: viewer },
  ] as const;
  const http = { ...defaultConfig.http, tokens };
  const access = new Access({ http: () => http, clock: systemClock });
  server = await startHttpServer({ control, access, audit, host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const send = (method: string, path: string, body?: unknown, by = token) =>
  fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${by}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

interface Page {
  readonly records: readonly Record<string, unknown>[];
  readonly next?: number;
}

const audited = async (query = ''): Promise<Page> =>
  (await (await send('GET', `/audit${query}`)).json()) as Page;

test('what changes something is written down: who, from where, and what came of it', async () => {
  await send('GET', '/nodes');
  await send('POST', '/nodes/mysql2/disable');
  await send('POST', '/nodes/mysql9/disable');
  const as = { user: 'app', password: 'geheim' };
  await send('POST', '/query', { sql: 'SELECT 1', as });
  await send('POST', '/query', { sql: 'DELETE FROM t', schema: 'app', as }, viewer);
  const { records } = await audited();
  expect(records).toMatchObject([
    { by: 'board', operation: 'query', sql: 'DELETE FROM t', sqlUser: 'app', seq: 8, status: 200 },
    { by: 'deploy', path: '/nodes/mysql9/disable', status: 404, code: 'not_found' },
    { by: 'deploy', from: '127.0.0.1', operation: 'disableNode', path: '/nodes/mysql2/disable' },
  ]);
  expect(control.events.since(0)).toMatchObject([
    { kind: 'operator_action', operation: 'disableNode', target: 'mysql2', by: 'deploy' },
  ]);
});

test('no secret is in it', async () => {
  const url = 'mysql://root:geheim@127.0.0.1:3309/app';
  await send('POST', '/nodes', { name: 'mysql7', url, password: 'geheim' });
  const as = { user: 'app', password: 'geheim' };
  await send('POST', '/query', { sql: "CREATE USER u IDENTIFIED BY 'geheim'", as });
  await send('POST', '/query', { sql: 'UPDATE t SET a = ?', parameters: ['geheim'], as });
  await send('POST', '/login', { name: 'ada', password: 'geheim' });
  const page = await audited();
  expect(page.records).toHaveLength(4);
  expect(JSON.stringify(page)).not.toContain('geheim');
  expect(page.records[3]).toMatchObject({ input: expect.stringContaining('root:…@127.0.0.1') });
});

test('it is read page by page, by administrators', async () => {
  for (let index = 0; index < 3; index += 1) await send('POST', '/nodes/mysql2/enable');
  const first = await send('GET', '/audit?limit=2');
  expect(first.headers.get('link')).toBe('</audit?before=2&limit=2>; rel="next"');
  const { records, next } = (await first.json()) as Page;
  expect(records.map(({ id }) => id)).toEqual([3, 2]);
  expect((await audited(`?before=${next}`)).records.map(({ id }) => id)).toEqual([1]);
  expect((await send('GET', '/audit', undefined, viewer)).status).toBe(403);
});
