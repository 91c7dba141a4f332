import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { dyingWithParent, identify, isSameRunning, isStopped } from './engine-process.ts';

const deadlineMs = 15_000;

test('a process is the same as itself, and not as one that has its number', () => {
  const self = identify(process.pid);
  expect(self).toMatchObject({ pid: process.pid });
  expect(isSameRunning({ pid: process.pid, startedAt: self?.startedAt ?? '' })).toBe(true);
  expect(isSameRunning({ pid: process.pid, startedAt: 'earlier' })).toBe(false);
});

test('a process that ended is not identified', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  expect(identify(child.pid as number)).toBeUndefined();
});

test('what is to die with its parent dies when that is killed, even stopped', async (context) => {
  const { file, argv } = dyingWithParent({ file: 'sleep', argv: ['60'] });
  if (file === 'sleep') context.skip('this system has no setpriv');
  const program = `
      const { spawn } = require('node:child_process');
      const child = spawn(${JSON.stringify(file)}, ${JSON.stringify(argv)}, {
        detached: true, stdio: ['ignore', 'inherit', 'ignore'],
      });
      child.once('spawn', () => process.stdout.write(String(child.pid)));
      setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [data] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(data.toString());
  const name = (): string => readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  await vi.waitUntil(() => name() === 'sleep', deadlineMs);
  process.kill(pid, 'SIGSTOP');
  await vi.waitUntil(() => isStopped(pid), deadlineMs);
  // The grandchild holds the pipe's other end too: it closes when both have ended.
  const bothEnded = once(parent.stdout, 'close');
  parent.kill('SIGKILL');
  await bothEnded;
  await vi.waitUntil(() => identify(pid) === undefined, deadlineMs);
});
