import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const installing = new Map<string, Promise<void>>();

/** `npm ci` in a folder with packages of its own, once; nothing where all of its lock are there. */
export function installPackages(folder: string): Promise<void> {
  const begun = installing.get(folder) ?? install(folder);
  installing.set(folder, begun);
  return begun;
}

async function install(folder: string): Promise<void> {
  // The second is npm's own note of what it has installed.
  const [wanted, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map(
    (file) => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  if (Number(installed) >= Number(wanted)) return;
  // Scripts of packages would build or fetch what no test uses.
  const argv = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await run('npm', argv, { cwd: folder, timeout: 900_000 });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm ci failed in ${folder}:\n${stdout}${stderr}`, { cause: error });
  }
}
