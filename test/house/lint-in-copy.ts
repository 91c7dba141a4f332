import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './tracked-files.ts';

export interface LintResult {
  readonly exitCode: number | null;
  /** By file, the rules that were broken in it, e.g. `eslint(no-restricted-imports)`. */
  readonly broken: Readonly<Record<string, readonly string[]>>;
}

/** Lints the given files under this repository's rules, in a folder of their own. */
export function lintInCopy(files: Readonly<Record<string, string>>): LintResult {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-lint-'));
  try {
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
      cpSync(join(root, name), join(folder, name));
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), `${text}\n`);
    }
    return lint(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lint(folder: string): LintResult {
  const args = ['--type-aware', '--deny-warnings', '-f', 'json', 'src'];
  const command = join(root, 'node_modules/.bin/oxlint');
  const { stdout, status } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  const report: { diagnostics: { filename: string; code: string }[] } = JSON.parse(stdout);
  const broken: Record<string, string[]> = {};
  for (const { filename, code } of report.diagnostics) (broken[filename] ??= []).push(code);
  return { exitCode: status, broken };
}
