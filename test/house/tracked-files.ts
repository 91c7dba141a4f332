import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A text file of the repository; `path` is relative to its root, with `/`. */
export interface TextFile {
  readonly path: string;
  readonly lines: readonly string[];
}

const notText = /\.(?:png|jpg|jpeg|gif|ico|woff2?|bin|gz|wasm)$/;
const left = /(?:^|\/)(?:node_modules|dist|coverage|\.git|\.lockstep|lockstep-data)(?:\/|$)/;

/** Every text file that is, or with the next commit would be, part of the repository. */
export function trackedFiles(): TextFile[] {
  return paths()
    .filter((path) => !notText.test(path) && existsSync(join(root, path)))
    .filter((path) => statSync(join(root, path)).isFile())
    .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n') }));
}

/** As git knows them; in a copy without git, as they lie there. */
function paths(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  try {
    const output = execFileSync('git', args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
    return output
      .toString('utf8')
      .split('\0')
      .filter((path) => path !== '');
  } catch {
    return walk(root);
  }
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const shown = relative(root, path).replaceAll('\\', '/');
    if (left.test(shown)) return [];
    return entry.isDirectory() ? walk(path) : [shown];
  });
}
