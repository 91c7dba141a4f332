import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { identify } from '../../src/demo/engine-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const deadlineMs = 50_000;

/** Has started something, as it would servers, and waits for ever. */
const waiting = (pids: string): string => `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { dyingWithParent } from ${JSON.stringify(join(root, 'src/demo/engine-process.ts'))};
import ${JSON.stringify(join(root, 'test/support/servers.ts'))};

test('waits', async () => {
  const { file, argv } = dyingWithParent({ file: 'sleep', argv: ['600'] });
  const child = spawn(file, argv, { detached: true, stdio: 'ignore' });
  writeFileSync(${JSON.stringify(pids)}, JSON.stringify([process.pid, child.pid]));
  await new Promise(() => setInterval(() => {}, 1000));
}, 600_000);
`;

test('tests and what they have started end when the process that runs them is killed', async () => {
  const folder = await mkdtemp(join(root, 'node_modules', '.killed-run-'));
  const pids = join(folder, 'pids');
  const file = join(folder, 'waits.test.ts');
  await writeFile(file, waiting(pids));
  const config = 'export default { test: { include: ["*.test.ts"], exclude: [] } };';
  await writeFile(join(folder, 'vitest.config.mjs'), config);
  const runner = spawn(process.execPath, [vitest, 'run', '--root', folder], { stdio: 'ignore' });
  const started = async (): Promise<number[]> => {
    const text = await readFile(pids, 'utf8').catch(() => '[]');
    return JSON.parse(text || '[]') as number[];
  };
  try {
    const running = await vi.waitUntil(
      async () => {
        const found = await started();
        return found.length === 2 && found;
      },
      { timeout: deadlineMs },
    );
    expect(running.map((pid) => identify(pid)?.pid)).toEqual(running);
    const ended = once(runner, 'exit');
    runner.kill('SIGKILL');
    await ended;
    const allGone = (): boolean => running.every((pid) => identify(pid) === undefined);
    await vi.waitUntil(allGone, { timeout: deadlineMs });
  } finally {
    runner.kill('SIGKILL');
    for (const pid of await started()) if (identify(pid)) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);
