// From what a step left behind to its numbers. Whatever is not clearly passed or clearly
// skipped counts as failed, so that a run which broke down cannot look green.

/**
 * @typedef {{name: string, reason: string}} Skip
 * @typedef {{passed: number, failed: number, skipped: number}} Numbers
 * @typedef {Numbers & {skips: Skip[], problems: string[]}} Count
 * @typedef {{code: number | null, signal: string | null, timedOut: boolean}} Ending
 */

/** @returns {Count} */
export const nothing = () => ({ passed: 0, failed: 0, skipped: 0, skips: [], problems: [] });

/**
 * A step that is one check: passed when its process ended with 0.
 *
 * @param {Ending} ending
 * @returns {Count}
 */
export function countCheck(ending) {
  if (ended(ending)) return { ...nothing(), passed: 1 };
  return { ...nothing(), failed: 1, problems: [describeEnding(ending)] };
}

/**
 * A step that ran vitest: its tests, the errors that belong to no test, and the way it ended.
 *
 * @param {import('./reporter.mjs').TestReport | undefined} report undefined: none was written
 * @param {Ending} ending
 * @param {{filtered: boolean, extendedLeftOut?: boolean}} options filtered: only part was asked
 *   for, so that tests which were left out appear as skipped without a reason; extendedLeftOut: so
 *   do those tagged `extended`
 * @returns {Count}
 */
export function countTests(report, ending, { filtered, extendedLeftOut = false }) {
  const count = nothing();
  for (const test of report?.tests ?? [])
    addTest(count, test, filtered || (extendedLeftOut && test.extended));
  for (const error of report?.errors ?? []) {
    count.failed += 1;
    count.problems.push(`${error.name}: ${error.message}`);
  }
  if (count.failed > 0) return count;
  const problem = breakdown(report, ending, count, filtered);
  if (problem !== undefined) {
    count.failed = 1;
    count.problems.push(problem);
  }
  return count;
}

/** Why a run without a failed test has failed all the same. */
function breakdown(report, ending, count, filtered) {
  if (!ended(ending)) return describeEnding(ending);
  if (report === undefined) return 'it wrote no report';
  if (report.reason === 'interrupted') return 'it was interrupted';
  if (!filtered && count.passed + count.skipped === 0) return 'it found no test';
  return undefined;
}

function addTest(count, test, mayBeLeftOut) {
  const name = `${test.file} > ${test.name}`;
  if (test.state === 'passed') {
    count.passed += 1;
  } else if (test.state === 'skipped') {
    if (test.note === undefined && mayBeLeftOut && !test.suiteFailed) return;
    const fallback = test.suiteFailed ? 'its suite failed' : 'no reason given';
    count.skipped += 1;
    count.skips.push({ name, reason: test.note ?? fallback });
  } else {
    count.failed += 1;
    count.problems.push(test.state === 'failed' ? name : `${name}: did not finish`);
  }
}

/**
 * @param {readonly Count[]} counts
 * @returns {Count}
 */
export function addUp(counts) {
  const total = nothing();
  for (const count of counts) {
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    total.skips.push(...count.skips);
    total.problems.push(...count.problems);
  }
  return total;
}

/**
 * The last line of the command.
 *
 * @param {Count} count
 */
export function totalLine({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}

/** @param {Ending} ending */
const ended = ({ code, timedOut }) => code === 0 && !timedOut;

/** @param {Ending} ending */
function describeEnding({ code, signal, timedOut }) {
  if (timedOut) return 'it took too long and was ended';
  return signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
}
