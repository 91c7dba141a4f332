import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Measures } from './ratchet.ts';
import { root, type TextFile } from './tracked-files.ts';

export const limits = { fileLines: 400, functionLines: 70, columns: 100 } as const;

/** Code of our own, whose size and width are limited. */
export const isCode = ({ path }: TextFile): boolean =>
  /^(?:src|test|bench|scripts|web|examples)\/.*\.(?:[cm]?ts|tsx|[cm]?js|jsx|css)$/.test(path) &&
  !path.includes('/fixtures/');

/** Files with more lines than the limit. */
export function longFiles(files: readonly TextFile[]): Measures {
  const sizes = files.filter(isCode).map(({ path, lines }) => [path, lineCount(lines)] as const);
  return Object.fromEntries(sizes.filter(([, size]) => size > limits.fileLines));
}

/** Files with lines wider than the limit -> how many. A line that holds an URL may be wider. */
export function wideLines(files: readonly TextFile[]): Measures {
  const counts = files
    .filter(isCode)
    .map(({ path, lines }) => [path, lines.filter(isWide).length] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Where those lines are, for the message of a failure: `path:line`. */
export function whereWide(files: readonly TextFile[]): string[] {
  return files
    .filter(isCode)
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, index) => (isWide(line) ? [`${path}:${index + 1}`] : [])),
    );
}

const isWide = (line: string): boolean =>
  Array.from(line).length > limits.columns && !/https?:\/\//.test(line);

const lineCount = (lines: readonly string[]): number =>
  lines.at(-1) === '' ? lines.length - 1 : lines.length;

interface Diagnostic {
  readonly filename: string;
  readonly message: string;
}

/**
 * Functions with more lines than the limit, as the linter's parser counts them. Those of tests are
 * left out: a `describe` is a chapter, not a function.
 *
 * @param folders absolute, or relative to the repository's root
 */
export function longFunctions(folders: readonly string[]): Measures {
  const found: Record<string, number> = {};
  for (const { filename, message } of lint(folders)) {
    if (/\.test\.tsx?$|\/(?:fixtures|dist)\//.test(filename)) continue;
    const name = /`(.+?)`/.exec(message)?.[1] ?? 'unnamed';
    const size = Number(/\((\d+)\)/.exec(message)?.[1]);
    const key = `${filename}#${name}`;
    found[key] = Math.max(found[key] ?? 0, size);
  }
  return found;
}

function lint(folders: readonly string[]): readonly Diagnostic[] {
  const args = ['-c', join(root, 'test/house/tidy.oxlintrc.json'), '-f', 'json', ...folders];
  const command = join(root, 'node_modules/.bin/oxlint');
  const { stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  try {
    const report: { diagnostics: Diagnostic[] } = JSON.parse(stdout);
    return report.diagnostics;
  } catch (cause) {
    throw new Error(`the linter gave no report: ${stdout}${stderr}`, { cause });
  }
}
