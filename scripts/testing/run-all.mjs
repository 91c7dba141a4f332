// Runs the chosen steps one after the other and says what came of them. The last line is the
// total, alone on its line; the exit code is 1 when anything failed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Children } from './children.mjs';
import { addUp, countCheck, countTests, nothing, totalLine } from './count.mjs';

const children = new Children();

/**
 * @param {object} plan
 * @param {readonly import('./steps.mjs').Preparation[]} plan.preparation
 * @param {readonly import('./steps.mjs').Step[]} plan.steps
 * @param {readonly string[]} plan.vitestArgs
 * @param {boolean} [plan.extendedLeftOut]
 */
export async function runAll({ preparation, steps, vitestArgs, extendedLeftOut = false }) {
  endOn('SIGINT', 130);
  endOn('SIGTERM', 143);
  const reports = mkdtempSync(join(tmpdir(), 'lockstep-report-'));
  process.on('exit', () => rmSync(reports, { recursive: true, force: true }));
  const counts = await prepare(preparation, steps);
  // Without packages no step can run; with them the checks are worth running even when the
  // build failed.
  const usable = existsSync('node_modules/.bin/vitest');
  for (const step of usable ? steps : []) {
    counts.push(await runStep(step, { vitestArgs, extendedLeftOut, reports }));
  }
  const total = addUp(counts);
  if (total.passed + total.failed + total.skipped === 0) {
    total.failed = 1;
    total.problems.push('no test matched');
  }
  for (const { name, reason } of total.skips) console.log(`skipped: ${name}: ${reason}`);
  for (const problem of total.problems) console.log(`failed: ${problem}`);
  console.log(totalLine(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}

/** What worked is no check and is not counted; what failed counts as one failed. */
async function prepare(preparation, steps) {
  const failures = [];
  for (const step of preparation) {
    const { neededBy } = step;
    if (neededBy && !steps.some(({ name }) => neededBy.includes(name))) continue;
    const isRequired = isSet('CI') || isSet('LOCKSTEP_REQUIRE_ENGINES');
    const args = isRequired ? step.requiredArgs : step.args;
    const count = countCheck(await announced(step, args, process.env));
    if (count.failed > 0) failures.push(named(step, count));
  }
  return failures;
}

async function runStep(step, { vitestArgs, extendedLeftOut, reports }) {
  if (step.kind === 'check') {
    return named(step, countCheck(await announced(step, step.args, process.env)));
  }
  const file = join(reports, `${step.name}.json`);
  const env = { ...process.env, LOCKSTEP_TEST_REPORT: file };
  const ending = await announced(step, [...step.args, ...vitestArgs], env);
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const filtered = vitestArgs.length > 0;
  // vitest, asked for a part that this project has nothing of, leaves no report.
  if (filtered && report === undefined && ending.code === 0) return nothing();
  return named(step, countTests(report, ending, { filtered, extendedLeftOut }));
}

async function announced(step, args, environment) {
  console.log(`\n== ${step.name}`);
  const { command, timeoutMs } = step;
  // Tools that take CI for a terminal would fill its record with colour codes.
  const env = process.stdout.isTTY ? environment : { NO_COLOR: '1', ...environment };
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

function endOn(signal, exitCode) {
  process.once(signal, () => {
    console.log(`\n${signal}: ending what runs`);
    void children.endAll().then(() => process.exit(exitCode));
  });
}

function isSet(variable) {
  return !['', '0', 'false'].includes(process.env[variable] ?? '');
}
