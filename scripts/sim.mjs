// `npm run sim -- --seeds 1000` runs the simulation of the replication core.
//
//   --seeds N [--from S]     N seeds from S (1) on; prints those that fail
//   --seed X                 one seed, with all that happened in it
//   --shrink X               a failing seed with as few of its faults as still fail
//   --mutations [--seeds N]  plants bugs in copies of the core; each must fail one of N seeds
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutations } from '../test/simulation/mutations.mjs';
import { compileSimulation } from './simulation/compile.mjs';
import { plantBugs } from './simulation/plant-bugs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
// Within the packages' folder, so that what is compiled finds the packages.
const folder = join(root, 'node_modules/.cache/lockstep-simulation', String(process.pid));
const parameters = process.argv.slice(2);

try {
  if (parameters.includes('--mutations')) {
    const at = parameters.indexOf('--seeds');
    const seedsMax = at < 0 ? 3_000 : Number(parameters[at + 1]);
    const missed = plantBugs({ root, mutations, seedsMax });
    console.log(`${mutations.length - missed.length} of ${mutations.length} bugs found`);
    process.exitCode = missed.length > 0 ? 1 : 0;
  } else {
    const main = compileSimulation({ root, source: root, target: folder });
    const options = { cwd: root, stdio: 'inherit' };
    const run = spawnSync(process.execPath, ['--enable-source-maps', main, ...parameters], options);
    process.exitCode = run.status ?? 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
