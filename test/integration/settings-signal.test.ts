import { readFileSync } from 'node:fs';
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { createConnection } from 'mysql2/promise';
import { describe, expect, test, vi } from 'vitest';
import type { SettingsStatus } from '../../src/http/settings-control.ts';
import { prepareBalancerProcess } from '../support/balancer-process.ts';
import { createAuthority, type TestAuthority } from '../support/certificates.ts';
import { connectTo, engines, startServers } from '../support/cluster.ts';
import { extended, extendedIf } from '../support/extended.ts';

// What a signal does is the same before either server.
describe.each(engines())('a running balancer, $name', (engine) => {
  const only = extendedIf(engine.name === 'mysql');

  test('reads its file again on SIGHUP, and keeps its clients', only, async () => {
    await using servers = await startServers({ engine, count: 1 });
    await using lockstep = await prepareBalancerProcess(servers);
    await lockstep.start();
    const client = await connectTo(lockstep, { database: 'app' });
    const valueOf = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${lockstep.httpPort}/config`);
      const { settings } = (await response.json()) as SettingsStatus;
      return settings.find((one) => one.path === path)?.value;
    };
    expect(await valueOf('no_node_timeout')).toBe('5s');
    await appendFile(lockstep.file, 'no_node_timeout: 1s\n');
    process.kill(lockstep.pid ?? 0, 'SIGHUP');
    await vi.waitUntil(async () => (await valueOf('no_node_timeout')) === '1s', 20_000);
    await appendFile(lockstep.file, 'acks: nobody\n');
    process.kill(lockstep.pid ?? 0, 'SIGHUP');
    await client.query('SELECT 1');
    expect(await valueOf('acks')).toBe('all');
    await client.end();
  });

  test('shows a renewed certificate from then on, over HTTP too', extended, async () => {
    await using before = await createAuthority('Before');
    await using after = await createAuthority('After');
    await using servers = await startServers({ engine, count: 1 });
    await using lockstep = await prepareBalancerProcess(servers);
    const files = { key: `${lockstep.file}.key`, cert: `${lockstep.file}.crt` };
    const use = async (authority: TestAuthority): Promise<void> => {
      const issued = await authority.issue('lockstep.test', ['127.0.0.1']);
      await copyFile(issued.key, files.key);
      await copyFile(issued.cert, files.cert);
    };
    await use(before);
    const plain = await readFile(lockstep.file, 'utf8');
    const withTls = plain.replace('http: {', 'http: { tls: true,');
    await writeFile(
      lockstep.file,
      `tls: { key_file: ${files.key}, cert_file: ${files.cert} }\n${withTls}`,
    );
    await lockstep.start();

    const trusting = ({ ca }: TestAuthority) => ({
      ca: readFileSync(ca, 'utf8'),
      rejectUnauthorized: true,
    });
    const mysqlBy = (authority: TestAuthority) =>
      createConnection({
        host: '127.0.0.1',
        port: lockstep.port,
        user: 'app',
        password: 'app',
        ssl: trusting(authority),
      });
    const httpBy = async (authority: TestAuthority, agent = new Agent(trusting(authority))) =>
      ask(`https://127.0.0.1:${lockstep.httpPort}/healthz`, agent);
    const agent = new Agent({ ...trusting(before), keepAlive: true, maxSockets: 1 });
    const client = await mysqlBy(before);
    await vi.waitFor(() => httpBy(before, agent), 5000);
    await expect(mysqlBy(after)).rejects.toThrow();
    await expect(httpBy(after)).rejects.toThrow();

    await writeFile(files.cert, 'no certificate');
    const reload = `https://127.0.0.1:${lockstep.httpPort}/config/reload`;
    expect((await ask(reload, agent, 'POST')).status).toBe(400);
    await httpBy(before);
    await (await mysqlBy(before)).end();

    await use(after);
    process.kill(lockstep.pid ?? 0, 'SIGHUP');
    await vi.waitFor(() => httpBy(after), 10_000);
    await (await mysqlBy(after)).end();
    await expect(httpBy(before)).rejects.toThrow();
    await client.query('SELECT 1');
    await client.end();
    expect(await httpBy(before, agent)).toEqual({ status: 200, reused: true });
    agent.destroy();
  });
});

/** `reused`: over a connection that stood already. */
const ask = (url: string, agent: Agent, method = 'GET') =>
  new Promise<{ status: number | undefined; reused: boolean }>((resolve, reject) => {
    const asked = request(url, { agent, method }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve({ status: answer.statusCode, reused: asked.reusedSocket }));
    });
    asked.on('error', reject);
    asked.end();
  });
