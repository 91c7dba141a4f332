import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { openEmbeddedLog } from './embedded-log.ts';
import { payloadOf } from './testing/payload-of.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { verifyLog } from './verify-log.ts';

const here = dirname(fileURLToPath(import.meta.url));
const rounds = Number(process.env['LOG_KILL_ROUNDS'] ?? 6);

/** Plain JavaScript of the writer: the floor of supported Node versions cannot run TypeScript. */
async function compileWriter(): Promise<string> {
  const folder = await temporaryFolder();
  const require = createRequire(import.meta.url);
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const project = {
    extends: join(here, '../../tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      types: [],
      outDir: folder,
      rootDir: join(here, '..'),
    },
    include: [join(here, 'testing/kill-writer.ts')],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await promisify(execFile)(process.execPath, [compiler, '-p', folder]);
  return join(folder, 'log/testing/kill-writer.js');
}

/** Runs the writer until `count` entries are acknowledged and a little longer; then SIGKILL. */
async function writeAndKill(
  writer: string,
  folder: string,
  options: { readonly count: number; readonly whileAlive: () => Promise<void> },
): Promise<number> {
  const child = spawn(process.execPath, [writer, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let text = '';
  let lines = 0;
  const enough = new Promise<void>((resolve) => {
    child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      lines += chunk.split('\n').length - 1;
      if (lines >= options.count) resolve();
    });
  });
  await Promise.race([enough, closed]);
  await options.whileAlive();
  child.kill('SIGKILL');
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return Math.max(...text.split('\n').slice(0, -1).map(Number));
}

test('a writer killed at any moment loses nothing that it acknowledged', async () => {
  const writer = await compileWriter();
  const folder = await temporaryFolder();
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    acknowledged = await writeAndKill(writer, folder, {
      count: 1 + Math.floor(Math.random() * 4_000),
      whileAlive: async () => {
        const second = openEmbeddedLog({ folder, onWarning: () => undefined });
        await expect(second).rejects.toMatchObject({ code: 'conflict' });
      },
    });
    const log = await openEmbeddedLog({ folder, onWarning: () => undefined });
    expect(log.lastSeq).toBeGreaterThanOrEqual(acknowledged);
    let next = log.firstSeq;
    while (next <= log.lastSeq) {
      for (const record of await log.read(next, { entriesMax: 5_000, bytesMax: 4_000_000 })) {
        if (record.seq !== next || !record.payload.equals(payloadOf(next))) {
          expect.fail(`entry ${next} is not as it was written`);
        }
        next = seq(next + 1);
      }
    }
    await log.close();
    expect(await verifyLog(folder)).toMatchObject({ lastSeq: log.lastSeq, torn: undefined });
  }
  expect(acknowledged).toBeGreaterThan(rounds);
}, 60_000);
