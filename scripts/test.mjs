// `npm test`: prepares a machine on which nothing is installed, runs every check, and ends with
// one line `N passed, N failed` (`, N skipped`). Needs nothing but Node itself to start.
//
//   npm test                       everything
//   npm test -- unit               one step (format, lint, types, dead-code, unit, integration)
//   npm test -- unit src/log       one step, and a filter that vitest understands
//   npm test -- src/log -t torn    the tests of that folder whose name says "torn"
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Children } from './testing/children.mjs';
import { addUp, countCheck, countTests, totalLine } from './testing/count.mjs';
import { choose, preparation } from './testing/steps.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const children = new Children();
const reports = mkdtempSync(join(tmpdir(), 'lockstep-report-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => {
    console.log(`\n${signal}: ending what runs`);
    void children.endAll().then(() => process.exit(code));
  });
}

const chosen = choose(process.argv.slice(2));
const { counts, usable } = await prepare();
if (usable) {
  for (const step of chosen.steps) counts.push(await runStep(step));
  if (addUp(counts).passed + addUp(counts).failed + addUp(counts).skipped === 0) {
    counts.push({ ...countCheck({ code: 1, signal: null, timedOut: false }), problems: [] });
    console.log('no test matched');
  }
}
const total = addUp(counts);
for (const { name, reason } of total.skips) console.log(`skipped: ${name}: ${reason}`);
for (const problem of total.problems) console.log(`failed: ${problem}`);
console.log(totalLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;

/**
 * Packages and build, and the database servers when tests are to run on them. A preparation that
 * worked is no check and is not counted; one that failed counts as one failed.
 */
async function prepare() {
  const failures = [];
  for (const step of preparation) {
    if (step.neededBy !== undefined && !chosen.steps.some(({ name }) => name === step.neededBy)) {
      continue;
    }
    const isRequired = isSet('CI') || isSet('LOCKSTEP_REQUIRE_ENGINES');
    const args = isRequired ? step.requiredArgs : step.args;
    const count = countCheck(await announced(step, args, process.env));
    if (count.failed > 0) failures.push(named(step, count));
  }
  return { counts: failures, usable: existsSync('node_modules/.bin/vitest') };
}

async function runStep(step) {
  if (step.kind === 'check') {
    return named(step, countCheck(await announced(step, step.args, process.env)));
  }
  const file = join(reports, `${step.name}.json`);
  const env = { ...process.env, LOCKSTEP_TEST_REPORT: file };
  const ending = await announced(step, [...step.args, ...chosen.vitestArgs], env);
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  return named(step, countTests(report, ending, { filtered: chosen.vitestArgs.length > 0 }));
}

async function announced(step, args, env) {
  console.log(`\n== ${step.name}`);
  const { command, timeoutMs } = step;
  const ending = await children.run({ command, args, env, timeoutMs });
  const seconds = (ending.durationMs / 1000).toFixed(1);
  console.log(
    `== ${step.name}: ${countCheck(ending).failed === 0 ? 'ok' : 'FAILED'}, ${seconds} s`,
  );
  return ending;
}

function named(step, count) {
  return { ...count, problems: count.problems.map((problem) => `${step.name}: ${problem}`) };
}

function isSet(variable) {
  return !['', '0', 'false'].includes(process.env[variable] ?? '');
}
