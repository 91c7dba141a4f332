// `npm test`: prepares a machine on which nothing is installed, runs every check, and ends with
// one line `N passed, N failed` (`, N skipped`). Needs nothing but Node itself to start.
//
//   npm test                       every check and test but those tagged `extended`
//   npm test -- all                these too, as in CI
//   npm test -- long               crash matrix, isolation, hours of random writes
//   npm test -- unit               one step (format, lint, types, dead-code, unit, integration)
//   npm test -- unit src/log       one step, and a filter that vitest understands
//   npm test -- src/log -t torn    the tests of that folder whose name says "torn"
import { fileURLToPath } from 'node:url';
import { runAll } from './testing/run-all.mjs';
import { choose, preparation } from './testing/steps.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await runAll({ preparation, ...choose(process.argv.slice(2)) });
