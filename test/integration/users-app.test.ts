import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike } from '../support/extended.ts';
import { installPackages } from '../support/install-packages.ts';
import { type Load, until, workers } from '../support/load.ts';

const folder = fileURLToPath(new URL('../../examples/users-app/', import.meta.url));

describeAlike('an application before which nodes die', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let app: UsersApp;

  beforeAll(async () => {
    await installPackages(folder);
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, { strategy: 'round_robin' });
    app = await startApp(`mysql://app:app@127.0.0.1:${lockstep.port}/app`);
  });

  afterAll(async () => {
    await app?.close();
    await lockstep?.close();
    await servers?.close();
  });

  test('users are added, found, changed and removed, each with a line of history', async () => {
    const ada = { name: 'Ada', email: 'ada@example.com' };
    const added = await app.call('POST', '/api/users', ada);
    expect(added).toMatchObject({ status: 201, body: ada });
    const path = `/api/users/${added.body.id}`;
    expect(await app.call('POST', '/api/users', ada)).toMatchObject({ status: 409 });
    expect(await app.call('PUT', path, { ...ada, name: 'Ada L.' })).toMatchObject({
      status: 200,
      body: { name: 'Ada L.' },
    });
    expect(await app.call('GET', '/api/users')).toMatchObject({
      status: 200,
      body: { count: 1, users: [{ name: 'Ada L.' }] },
    });
    expect(await app.call('DELETE', path)).toMatchObject({ status: 204 });
    expect(await app.call('GET', path)).toMatchObject({ status: 404 });
    const { body } = await app.call('GET', '/api/history');
    expect(body.changes?.map(({ what }) => what)).toEqual([
      'removed',
      'changed to Ada L.',
      'added Ada',
    ]);
  });

  test('not one of its requests fails while the leader and a follower are killed', async () => {
    const readers = workers(3, async () => {
      expect((await app.call('GET', '/api/users')).status).toBe(200);
    });
    let added = 0;
    const writers = workers(2, async (client) => {
      const email = `guest-${client}-${added++}@example.com`;
      expect((await app.call('POST', '/api/users', { name: 'Guest', email })).status).toBe(201);
    });
    for (const name of [leaderName(), followerName()]) {
      await goOn(readers, writers);
      await serverOf(name).kill();
      await until(() => lockstep.balancer.control.node(name).state === 'DOWN');
      await goOn(readers, writers);
      await serverOf(name).start();
      await untilAllUp(lockstep);
    }
    await readers.stop();
    await writers.stop();
    const { body } = await app.call('GET', '/api/users');
    expect(body.count).toBe(writers.done);
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });

  const leaderName = (): string => lockstep.balancer.control.status().leader ?? '';
  const followerName = (): string => (leaderName() === 'mysql3' ? 'mysql2' : 'mysql3');
  const serverOf = (name: string) => {
    const server = servers.servers.find((candidate) => candidate.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  };
});

async function goOn(readers: Load, writers: Load): Promise<void> {
  const [reads, writes] = [readers.done + 50, writers.done + 20];
  const enough = (): boolean => readers.done > reads && writers.done > writes;
  await until(() => enough() || readers.failed || writers.failed);
}

interface Body {
  readonly id?: number;
  readonly count?: number;
  readonly users?: readonly object[];
  readonly changes?: readonly { readonly what: string }[];
}

interface UsersApp {
  call(method: string, path: string, body?: object): Promise<{ status: number; body: Body }>;
  close(): Promise<void>;
}

/** The service as its README starts it, in a process of its own, on a free port. */
async function startApp(databaseUrl: string): Promise<UsersApp> {
  const child = spawn(process.execPath, ['src/main.mjs'], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: databaseUrl, PORT: '0', HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await urlOf(child);
  return {
    async call(method, path, body) {
      const response = await fetch(url + path, {
        method,
        ...(body && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
    },
    async close() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function urlOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the service has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error('the service ended without saying where it serves');
}
