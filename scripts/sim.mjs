// `npm run sim -- --seeds 1000` runs the simulation of the replication core.
//
//   --seeds N [--from S]   N seeds from S (1) on; prints those that fail
//   --seed X               one seed, with all that happened in it
//   --shrink X             a failing seed with as few of its faults as still fail
//   --mutations            plants bugs in copies of the core, and expects each to be found
//
// Node runs no TypeScript, so it is compiled first, without a check of types.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'node_modules/.cache/lockstep-simulation', String(process.pid));
const run = (file, ...rest) =>
  spawnSync(process.execPath, [file, ...rest], { cwd: root, stdio: 'inherit' }).status ?? 1;

mkdirSync(built, { recursive: true });
try {
  writeFileSync(join(built, 'package.json'), '{"type":"module"}');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  process.exitCode = run(compiler, '-p', 'test/simulation/tsconfig.json', '--outDir', built);
  if (process.exitCode === 0) {
    const main = join(built, 'test/simulation/main.js');
    process.exitCode = run('--enable-source-maps', main, ...process.argv.slice(2));
  }
} finally {
  rmSync(built, { recursive: true, force: true });
}
