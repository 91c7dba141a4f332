import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Compiles the simulation that stands in `source` to `target`, and returns its main file. Node
 * runs no TypeScript; types are checked elsewhere.
 */
export function compileSimulation({ root, source, target }) {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), '{"type":"module"}');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const project = join(source, 'test/simulation/tsconfig.json');
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, '-p', project, '--outDir', target],
    { cwd: source, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the simulation does not compile:\n${stdout}`);
  return join(target, 'test/simulation/main.js');
}
