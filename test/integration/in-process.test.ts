import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { engines, startServers, type TestServers } from '../support/cluster.ts';

const example = new URL('../../examples/in-process.mjs', import.meta.url).pathname;
const run = promisify(execFile);

describe.each(engines())('a balancer within a program, $name', (engine) => {
  let servers: TestServers | undefined;
  let folder: string | undefined;

  afterEach(async () => {
    await servers?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  test('the example serves, answers, and ends by itself', async () => {
    servers = await startServers({ engine, count: 2 });
    folder = await mkdtemp(join(tmpdir(), 'lockstep-in-process-'));
    const nodes = servers.servers.map(
      ({ name, port }) => `${name}=mysql://root:root@127.0.0.1:${port}/app`,
    );
    const { stdout } = await run(process.execPath, [example, ...nodes], {
      cwd: folder,
      timeout: 60_000,
    });
    expect(stdout).toMatch(/MySQL clients connect to port \d+/);
    expect(stdout).toMatch(/kind: 'rows'/);
  });
});
