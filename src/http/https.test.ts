import { request } from 'node:https';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MemoryControl } from '../../test/support/memory-control.ts';
import { Access } from '../access/access.ts';
import { systemClock } from '../base/clock.ts';
import { defaultConfig } from '../config/config.ts';
import { tlsPair } from '../sessions/tls-identity.ts';
import { startHttpServer } from './server.ts';

test('HTTPS with the certificate of the balancer; its cookie goes nowhere else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-https-'));
  const tls = await tlsPair({ mode: 'off' }, folder, systemClock);
  const password = '$scrypt$ln=4,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$'.concat(
    '2nYYR1WNiVIE4oqKrxPuQubql1AU4+laWwCM1jFvCJc',
  );
  const users = [{ name: 'ada', role: 'admin' as const, password }];
  const http = { ...defaultConfig.http, tls: true, users };
  const access = new Access({ http: () => http, clock: systemClock });
  const control = new MemoryControl();
  const server = await startHttpServer({ control, access, tls, host: '127.0.0.1', port: 0 });
  try {
    expect(server.url).toMatch(/^https:/);
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const type = { 'content-type': 'application/json' };
      const options = { method: 'POST', ca: tls.cert, headers: type };
      const sent = request(`${server.url}/login`, options, (response) => {
        response.resume();
        resolve({ ...response.headers, status: response.statusCode });
      });
      sent.on('error', reject);
      sent.end(JSON.stringify({ name: 'ada', password: 'correct horse' }));
    });
    expect(headers['status']).toBe(200);
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(String(headers['set-cookie'])).toMatch(
      /^__Host-lockstep-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
});
