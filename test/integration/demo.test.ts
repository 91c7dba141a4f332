import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DemoParts, startDemo } from '../../src/demo/demo.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { engines } from '../support/cluster.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

test('the built command is a program of its own, as npx runs it', () => {
  const { stdout, status } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe.each(engines())('a running demo, $name', (engine) => {
  const parts = new DemoParts();
  let folder = '';
  let url = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-demo-'));
    const [port = 0, httpPort = 0, basePort = 0] = await freePorts(3);
    url = `http://127.0.0.1:${httpPort}`;
    const data = join(folder, 'demo');
    const options = { engine: engine.name, nodes: 1, basePort, port, httpPort, data, fresh: false };
    await startDemo(options, { say: () => {}, command: 'lockstep' }, parts);
  });

  afterAll(async () => {
    await parts.close();
    await rm(folder, { recursive: true, force: true });
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
  };

  test('users are added, read, changed and deleted', async () => {
    const user = { name: 'Barbara Liskov', email: 'barbara@example.com' };
    const added = await call('POST', '/users', user);
    expect(added).toMatchObject({ status: 201, body: user });
    const path = `/users/${(added.body as { id: number }).id}`;
    expect(await call('GET', path)).toEqual({ status: 200, body: added.body });
    expect(added.body).toHaveProperty('createdAt', expect.stringMatching(/^\d{4}-\d\d-\d\d /));
    expect(await call('POST', '/users', user)).toMatchObject({ status: 409 });
    // A second time, when nothing is left to change.
    const changed = { ...user, name: 'B. Liskov' };
    expect(await call('PUT', path, changed)).toEqual({
      ...{ status: 200, body: { ...(added.body as object), ...changed } },
    });
    expect(await call('PUT', path, changed)).toMatchObject({ status: 200, body: changed });
    expect(await call('DELETE', path)).toMatchObject({ status: 204 });
    expect(await call('GET', path)).toMatchObject({ status: 404 });
    expect(await call('PUT', path, changed)).toMatchObject({ status: 404 });
  });

  test('the command line says what it was told, and exits 0, 2 or 4', () => {
    const lockstep = (...argv: string[]) => {
      const run = spawnSync(process.execPath, [program, ...argv], { encoding: 'utf8' });
      return { status: run.status, text: run.stdout + run.stderr };
    };
    const help = lockstep('--help');
    expect(help.status).toBe(0);
    expect(help.text).toContain('demo');
    expect(lockstep('nodes', '--bad').status).toBe(2);
    const nobody = lockstep('--url', 'http://127.0.0.1:1', 'nodes');
    expect(nobody.status).toBe(4);
    expect(nobody.text).toContain('no balancer answers');
  });

  test('a node is stopped and started; what is not possible is a conflict', async () => {
    expect(await call('POST', '/demo/nodes/mysql9/stop')).toMatchObject({ status: 404 });
    expect(await call('POST', '/demo/nodes/mysql1/start')).toMatchObject({
      ...{ status: 409, body: { message: 'mysql1 is running already' } },
    });
    const stopped = { status: 200, body: { state: 'stopped', actions: ['start'] } };
    expect(await call('POST', '/demo/nodes/mysql1/stop')).toMatchObject(stopped);
    expect(await call('POST', '/demo/nodes/mysql1/stop')).toMatchObject({
      ...{ status: 409, body: { message: 'mysql1 is stopped already' } },
    });
    expect(await call('POST', '/demo/nodes/mysql1/resume')).toMatchObject({
      ...{ status: 409, body: { message: 'mysql1 is stopped: of it you can ask start' } },
    });
    expect(await call('POST', '/demo/nodes/mysql1/start')).toMatchObject({
      status: 200,
      body: { state: 'running' },
    });
  });
});
