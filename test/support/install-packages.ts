import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const installing = new Map<string, Promise<void>>();

/** `npm ci` in a folder with packages of its own, once; nothing where they are there already. */
export function installPackages(folder: string): Promise<void> {
  const begun = installing.get(folder) ?? install(folder);
  installing.set(folder, begun);
  return begun;
}

async function install(folder: string): Promise<void> {
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return;
  // Scripts of packages would build or fetch what no test uses.
  const argv = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await run('npm', argv, { cwd: folder, timeout: 900_000 });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm ci failed in ${folder}:\n${stdout}${stderr}`, { cause: error });
  }
}
