// What `npm test` runs, in order. `check` steps are one check each; `vitest` steps count their
// tests. Every step has a deadline. Tests tagged `extended` are left out when nothing is asked for;
// `all` is the same steps with them.

const minute = 60_000;
const tool = (name) => `node_modules/.bin/${name}`;

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {'check' | 'vitest'} kind
 * @property {string} command
 * @property {string[]} args
 * @property {number} timeoutMs
 * @property {boolean} [onlyNamed] left out unless its name is given
 */

/** @type {readonly Step[]} */
export const steps = [
  check('format', tool('biome'), ['format', '--error-on-warnings'], 2 * minute),
  check('lint', tool('oxlint'), ['--type-aware', '--deny-warnings'], 5 * minute),
  check('types', tool('tsc'), ['--noEmit'], 5 * minute),
  check('page-types', tool('tsc'), ['--noEmit', '-p', 'web'], 5 * minute),
  check('dead-code', tool('knip'), ['--no-progress'], 5 * minute),
  vitest('unit', 15 * minute),
  vitest('integration', 60 * minute),
  vitest('page', 20 * minute),
  { ...vitest('long', 600 * minute), onlyNamed: true },
];

const enginesScript = 'scripts/install-engines.mjs';
const shellsScript = 'scripts/install-shells.mjs';

/**
 * What comes first. `neededBy`: the steps without any of which it is left out. `requiredArgs`: its
 * arguments where a missing database server is a failure instead of a skip.
 *
 * @typedef {Step & {neededBy?: string[], requiredArgs: string[]}} Preparation
 */

/** @type {readonly Preparation[]} */
export const preparation = [
  {
    ...check('prepare', process.execPath, ['scripts/prepare.mjs'], 20 * minute),
    requiredArgs: ['scripts/prepare.mjs'],
  },
  {
    ...check('engines', process.execPath, [enginesScript], 30 * minute),
    requiredArgs: [enginesScript, '--required'],
    neededBy: ['integration', 'page', 'long'],
  },
  {
    ...check('shells', process.execPath, [shellsScript], 10 * minute),
    requiredArgs: [shellsScript],
    neededBy: ['integration'],
  },
  {
    ...check('browser', process.execPath, ['scripts/install-browser.mjs'], 15 * minute),
    requiredArgs: ['scripts/install-browser.mjs', '--required'],
    neededBy: ['page'],
  },
];

/** @returns {Step} */
function check(name, command, args, timeoutMs) {
  return { name, kind: 'check', command, args, timeoutMs };
}

/** @returns {Step} */
function vitest(name, timeoutMs) {
  const reporters = ['--reporter=default', '--reporter=./scripts/testing/reporter.mjs'];
  const args = ['run', '--project', name, ...reporters, '--passWithNoTests'];
  return { name, kind: 'vitest', command: tool('vitest'), args, timeoutMs };
}

/** @param {Step} step */
function withoutExtended(step) {
  return step.kind === 'vitest'
    ? { ...step, args: [...step.args, '--tags-filter=!extended'] }
    : step;
}

/**
 * What the arguments ask for: names of steps first, then whatever vitest understands. Without a
 * name, arguments go to all vitest steps; without arguments, all but the extended tests runs.
 *
 * @typedef {object} Plan
 * @property {readonly Step[]} steps
 * @property {readonly string[]} vitestArgs
 * @property {boolean} [extendedLeftOut]
 *
 * @param {readonly string[]} args
 * @returns {Plan}
 */
export function choose(args) {
  const named = args.findIndex((arg) => !steps.some((step) => step.name === arg));
  const names = named === -1 ? args : args.slice(0, named);
  const vitestArgs = args.slice(names.length);
  if (names.length > 0) {
    return { steps: steps.filter((step) => names.includes(step.name)), vitestArgs };
  }
  const usual = steps.filter((step) => !step.onlyNamed);
  if (args[0] === 'all') return { steps: usual, vitestArgs: args.slice(1) };
  if (vitestArgs.length === 0) {
    return { steps: usual.map(withoutExtended), vitestArgs, extendedLeftOut: true };
  }
  return { steps: usual.filter((step) => step.kind === 'vitest'), vitestArgs };
}
