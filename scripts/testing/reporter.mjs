// A vitest reporter that writes what the test command needs to count: every test's state with
// the reason it was skipped for (vitest's own JSON report leaves the reason out), and the errors
// that belong to no test. The file to write stands in LOCKSTEP_TEST_REPORT.
import { writeFileSync } from 'node:fs';

/**
 * @typedef {{file: string, name: string, state: string}} TestState
 * @typedef {TestState & {note?: string, suiteFailed: boolean, extended: boolean}} TestLine
 * @typedef {{name: string, message: string}} LooseError
 * @typedef {{reason: string, tests: TestLine[], errors: LooseError[]}} TestReport
 */

export default class CountingReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    const file = process.env['LOCKSTEP_TEST_REPORT'];
    if (file) writeFileSync(file, JSON.stringify(reportOf(modules, unhandledErrors, reason)));
  }
}

/** @returns {TestReport} */
function reportOf(modules, unhandledErrors, reason) {
  const tests = [];
  const errors = unhandledErrors.map((error) => ({ name: 'unhandled error', ...brief(error) }));
  for (const module of modules) {
    const file = module.relativeModuleId ?? module.moduleId;
    for (const error of module.errors()) errors.push({ name: file, ...brief(error) });
    for (const suite of module.children.allSuites()) {
      for (const error of suite.errors()) {
        errors.push({ name: `${file} > ${suite.fullName}`, ...brief(error) });
      }
    }
    for (const test of module.children.allTests()) tests.push(lineOf(file, test));
  }
  return { reason, tests, errors };
}

/** @returns {TestLine} */
function lineOf(file, test) {
  const { state, note } = test.result();
  const extended = test.tags.includes('extended');
  const line = { file, name: test.fullName, state, suiteFailed: suiteFailed(test), extended };
  return note === undefined ? line : { ...line, note };
}

/** Whether a hook of a suite around the test failed, so that the test could not run. */
function suiteFailed(test) {
  for (let suite = test.parent; suite !== undefined; suite = suite.parent) {
    if (suite.errors().length > 0) return true;
  }
  return false;
}

const brief = (error) => ({ message: String(error?.message ?? error).split('\n', 1)[0] });
